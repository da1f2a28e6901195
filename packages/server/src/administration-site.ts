// Administration over HTTP, put together for main.ts: the API, the set-up link of a first start, and what ages.
import type { FoundServer } from '@moult/administration';
import { digestOfSecret, newSecret } from '@moult/administration/accounts';
import { requestBounds } from '@moult/administration/bounds';
import type { LoadedConfig, ServerConfig } from '@moult/administration/config';
import type { Store } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { ServerError } from '@moult/store/errors';
import { apiBounds } from './bounds.ts';
import { createSweep } from './housekeeping/sweep.ts';
import type { ListenerName, Site } from './http/site.ts';
import type { Logger } from './log/log.ts';
import { ownNames } from './own-names.ts';
import { createAdminPagesSite } from './sites/admin-pages/index.ts';
import { readInstallLines } from './sites/agent-bundles/index.ts';
import { ApiError } from './sites/api/errors.ts';
import { createApiSite } from './sites/api/index.ts';
import { clearImportedTree, listTree, offerRelease, openReleaseDoor, verifyTree } from './sites/self-update/index.ts';

interface Parts {
  store: Store;
  /** The address of the database, and the folder of content. */
  database: string;
  contentDir: string;
  origins: LoadedConfig['origins'] | undefined;
  running: Parameters<typeof createApiSite>[0]['running'];
  home: Parameters<typeof createApiSite>[0]['home'];
  catalog: Parameters<typeof createApiSite>[0]['catalog'];
  log: Logger;
}

/** The site, and what ends with the server. */
export function createAdministration(
  config: ServerConfig,
  { store, database, contentDir, origins, running, home, catalog, log }: Parts,
): { site: Site; pages: Site | undefined; endStreams(): void; close(): Promise<void> } {
  const { dataDir } = config;
  // Rules look at the values. Only the list of settings tells the origins, where they are known.
  const server = { config, origins, dataDir, database, contentDir, configFile: undefined } as unknown as FoundServer;
  const listeners: ListenerName[] = config.adminPort === 'off' ? ['main', 'tls'] : ['admin'];
  const hosts = ownNames(config);
  const site = createApiSite({
    ...{ store, server, now: store.now, hosts, listeners, running, home, catalog, log },
    tree: { clearImportedTree, listTree, offerRelease, openReleaseDoor, readInstallLines, verifyTree },
    failed: (error, instance) => log.error({ err: error, instance }, 'a call of the API failed'),
  });
  const startedAt = store.now();
  const sweep = createSweep({
    work: () => settle(store, config, startedAt),
    ...{ pauseMs: 0, everyMs: sweepMs },
    failed: (error) => log.debug({ err: error }, 'ended sessions were not removed'),
  });
  // The server before this one may have ended in a change.
  sweep.run().catch((error) => log.debug({ err: error }, 'changes that were cut off were not looked for'));
  const { consoleDir } = config;
  const pages = consoleDir === undefined ? undefined : createAdminPagesSite({ consoleDir, listeners, hosts });
  return {
    site,
    pages,
    endStreams: () => site.endStreams(),
    close: async () => {
      await Promise.all([sweep.close(), site.close()]);
    },
  };
}

/** The catalog that clients are answered from, with the last changes. Throws SERVER_DATABASE_AWAY before it is read the first time. */
export async function catalogNow(catalog: LiveCatalog | undefined): Promise<LiveCatalog> {
  if (!catalog) throw new ServerError('SERVER_DATABASE_AWAY', 'The catalog is not read yet. Try again in a moment.');
  await catalog.refresh();
  return catalog;
}

/** Of a server whose pages were not built. */
export function noHome(): ApiError {
  return new ApiError('API_NOT_FOUND', 'This server has no home page: its pages are not built.');
}

const sweepMs = 3_600_000;

/** Changes that were at work when a server ended, and what ended. */
async function settle(store: Store, config: ServerConfig, startedAt: Date): Promise<number> {
  await store.noteCutOffRequests(startedAt, { name: 'moult', at: store.now() });
  return removeEnded(store, config);
}

async function removeEnded(store: Store, { sessionHours, sessionIdleMinutes }: ServerConfig): Promise<number> {
  const now = store.now().getTime();
  const openedAt = new Date(now - sessionHours * 3_600_000);
  const idleMs = sessionIdleMinutes * 60_000;
  const used = { usedAt: new Date(now - idleMs), notAfter: new Date(now + idleMs) };
  const sessions = await store.removeEndedSessions({ openedAt, ...used });
  const { answerKeptMs } = apiBounds;
  const { keptMs } = requestBounds;
  const requests = await store.removeOldRequests(new Date(now - keptMs), new Date(now + keptMs));
  const answers = await store.removeOldAnswers(new Date(now - answerKeptMs), new Date(now + answerKeptMs));
  return sessions + requests + answers;
}

/**
 * The sentence with the set-up link at the first start of a server without accounts. Undefined later. The store keeps
 * only the digest of the link's secret.
 */
export async function offerSetUp(store: Store, url: string, hasConsole: boolean): Promise<string | undefined> {
  const isOffered = (await store.loadSetting('set-up-link')) !== undefined;
  if (isOffered || (await store.listAccounts()).length > 0) return undefined;
  const secret = newSecret();
  await store.saveSetUpLink(digestOfSecret(secret), new Date(store.now().getTime() + apiBounds.setUpLinkMs));
  return (
    'To administer this server from elsewhere, make the first account. Open this link within 30 minutes: ' +
    `${url}${hasConsole ? '/console/set-up' : '/api/set-up'}#${secret} (Or run "moult users add" on the server at any time.)`
  );
}
