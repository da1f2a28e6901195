// The table of routes: the only way to a handler. Five things are made of it: dispatch, the checks of shapes, the
// OpenAPI document, the page at /api and the matrix of roles.
import type { Route } from './route.ts';
import { accountRoutes } from './routes/accounts.ts';
import { backupRoutes } from './routes/backups.ts';
import { catalogRoutes } from './routes/catalogs.ts';
import { cleanupRoutes } from './routes/cleanup.ts';
import { computerRoutes } from './routes/computers.ts';
import { contentRoutes } from './routes/content.ts';
import { doctorRoutes } from './routes/doctor.ts';
import { downstreamRoutes } from './routes/downstream.ts';
import { explainRoutes } from './routes/explain.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { groupRoutes } from './routes/groups.ts';
import { holdRoutes } from './routes/holds.ts';
import { jobRoutes } from './routes/jobs.ts';
import { noticeRoutes } from './routes/notices.ts';
import { oidcRoutes } from './routes/oidc.ts';
import { ownAccountRoutes } from './routes/own-account.ts';
import { publicationRoutes } from './routes/publications.ts';
import { recordRoutes } from './routes/records.ts';
import { releaseRingRoutes } from './routes/release-rings.ts';
import { requestRoutes } from './routes/requests.ts';
import { ringRoutes } from './routes/rings.ts';
import { ruleRoutes } from './routes/rules.ts';
import { serverRoutes } from './routes/server.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { setUpRoutes } from './routes/set-up.ts';
import { syncRoutes } from './routes/sync.ts';
import { treeRoutes } from './routes/tree.ts';
import { updateRoutes } from './routes/updates.ts';

export const routes: readonly Route[] = [
  ...recordRoutes,
  ...computerRoutes,
  ...fleetRoutes,
  ...groupRoutes,
  ...updateRoutes,
  ...holdRoutes,
  ...ruleRoutes,
  ...ringRoutes,
  ...releaseRingRoutes,
  ...syncRoutes,
  ...downstreamRoutes,
  ...catalogRoutes,
  ...publicationRoutes,
  ...contentRoutes,
  ...cleanupRoutes,
  ...backupRoutes,
  ...explainRoutes,
  ...doctorRoutes,
  ...treeRoutes,
  ...serverRoutes,
  ...noticeRoutes,
  ...jobRoutes,
  ...requestRoutes,
  ...accountRoutes,
  ...sessionRoutes,
  ...oidcRoutes,
  ...setUpRoutes,
  ...ownAccountRoutes,
];

export const apiRoot = '/api/v1';

interface Found {
  /** By method. */
  routes: ReadonlyMap<string, Route>;
  path: Readonly<Record<string, string>>;
}

const byPath = Map.groupBy(routes, ({ path }) => path);

/** The routes at `path`, which is below /api/v1 and decoded, and the parts that its address names. */
export function findRoutes(path: string): Found | undefined {
  const given = path.split('/');
  for (const [pattern, all] of byPath) {
    const parts = pattern.split('/');
    if (parts.length !== given.length) continue;
    const named: Record<string, string> = {};
    const fits = parts.every((part, at) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      const text = given[at] ?? '';
      if (name === undefined) return part === text;
      named[name] = text;
      return text !== '';
    });
    if (fits) return { routes: new Map(all.map((route) => [route.method, route])), path: named };
  }
  return undefined;
}
