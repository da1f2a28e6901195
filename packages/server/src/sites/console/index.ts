// The console's site: the home page, its facts as JSON and as a live stream, and the documentation. Read-only, without
// a log-on. Viewers on the server itself see names, addresses and ids of computers. A setting can change that. All
// others see counts and health. See docs/home-page.md.

import { createHash } from 'node:crypto';
import { visibleText } from '@moult/formats/text';
import type { HomeFacts, Notice } from '@moult/store';
import { isTemporary } from '@moult/store/errors';
import { defaultFeedLimits, homeBounds } from '../../bounds.ts';
import type { HomeDocument, NamesFor } from '../../home-document.ts';
import type { SelfUpdateHealth, ServerFacts } from '../../home-facts.ts';
import { readAssets, sendAsset } from '../../http/assets.ts';
import { clientAddressOf } from '../../http/called-host.ts';
import { askedHost, type KnownHosts } from '../../http/known-hosts.ts';
import { addressKey } from '../../http/limits/address-key.ts';
import { refuseText } from '../../http/refuse-text.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { isLocalViewer } from '../../http/viewer.ts';
import { composeHome, withoutNames } from './compose-home.ts';
import { createLiveFeed, type FeedLimits, type Snapshot, type Snapshots, type View } from './live-feed.ts';

export type { NamesFor } from '../../home-document.ts';

interface ConsoleParts {
  /** The folder that packages/console/build.ts makes. */
  assetsDir: string;
  /** The viewers that see names, addresses and ids of computers. */
  namesFor: NamesFor;
  /** The names under which browsers may call. */
  hosts: KnownHosts;
  now(): Date;
  server(): ServerFacts;
  selfUpdateHealth(): SelfUpdateHealth;
  /** Further warnings for the administrator: a wrong clock, keys that end. */
  notices?(): Notice[];
  loadHomeFacts(eventLimit: number): Promise<HomeFacts>;
  /** Calls back after each change worth showing. Answers how to end that. */
  subscribe(changed: () => void): () => void;
  /** Told when the facts could not be read. */
  failed(error: unknown): void;
  limits?: FeedLimits;
}

export interface ConsoleSite extends Site {
  /** The document of the page for viewers that may see names. Throws the errors of the feed. */
  home(): Promise<HomeDocument>;
  /** Ends every stream, so that the listeners can close. */
  close(): void;
}

// Nothing inline, nothing from elsewhere, never in a frame. React sets styles by script object, which CSP allows.
const securityHeaders = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const none = { computers: 0, first: [] };
/** Of a store that nothing is known of yet. */
export const noFacts: HomeFacts = {
  ...{ computers: 0, lastContactAt: undefined, agents: [], otherAgents: [], events: [], faults: [] },
  ...{ updates: 0, approved: 0, declined: 0, deployments: 0, identities: { shared: 0, changed: 0 } },
  attention: { needing: none, failing: none, silent: none, silentDays: 0, neverReported: 0 },
  faultCounts: { reports: new Map(), pings: 0 },
  counters: new Map(),
};

/** The site on the main and TLS listeners at `/`, `/assets/`, `/docs/`, `/api/home` and `/api/home/events`. */
export function createConsoleSite(parts: ConsoleParts): ConsoleSite {
  const assets = readAssets(parts.assetsDir);
  let lastFacts = noFacts;
  const read = async (): Promise<Snapshots> => {
    const facts = await parts.loadHomeFacts(homeBounds.maxEvents).catch((error) => {
      // The page is there although the database is not: with what was known last, and a notice that says so.
      if (!isTemporary(error)) throw error;
      return lastFacts;
    });
    lastFacts = facts;
    const notices = parts.notices?.() ?? [];
    const home = composeHome(facts, parts.selfUpdateHealth(), parts.server(), parts.now(), notices, parts.namesFor);
    return { names: snapshotOf(home), counts: snapshotOf(withoutNames(home, notices)) };
  };
  const viewFor = ({ request }: Exchange): View => {
    if (parts.namesFor === 'everybody') return 'names';
    return parts.namesFor === 'local' && isLocalViewer(request) ? 'names' : 'counts';
  };
  const feed = createLiveFeed(read, parts.failed, parts.limits ?? defaultFeedLimits);
  const unsubscribe = parts.subscribe(feed.nudge);

  return {
    name: 'console',
    listeners: ['main', 'tls'],
    matches: ({ route }) => /^\/($|favicon\.ico$|assets\/|docs($|\/)|api\/home($|\/events$))/.test(route),
    async serve(exchange) {
      const { request, response, route, path } = exchange;
      for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
      const host = exchange.passedOn?.host ?? askedHost(request);
      if ((request.headersDistinct.host?.length ?? 0) > 1) return refuseText(exchange, 400, 'Send one Host header.');
      if (!parts.hosts.knows(host)) return refuseText(exchange, 421, notOurName(host ?? ''));
      if (request.method !== 'GET' && request.method !== 'HEAD') return refuseText(exchange, 405, 'GET and HEAD only.');
      if (route === '/api/home') return sendHome(exchange, await feed.current(viewFor(exchange)));
      if (route === '/api/home/events') return openStream(exchange);
      if (route === '/docs') return redirect(exchange, '/docs/');
      const asset = assets.get(path) ?? assets.get(route);
      if (asset) return sendAsset(exchange, asset);
      if (route === '/')
        return refuseText(exchange, 503, 'The console is not built: run "npm run build" and start again.');
      return refuseText(exchange, 404, 'There is no such page.');
    },
    home: async () => JSON.parse((await feed.current('names')).body),
    close() {
      unsubscribe();
      feed.close();
    },
  };

  function openStream(exchange: Exchange): void {
    const { request, response } = exchange;
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end();
      return;
    }
    const last = request.headers['last-event-id'];
    const seen = typeof last === 'string' ? last : undefined;
    const address = addressKey(clientAddressOf(exchange));
    if (feed.open(response, { seen, view: viewFor(exchange), address })) return;
    response.setHeader('retry-after', '5');
    refuseText(exchange, 503, 'Too many live pages are open. Ask /api/home instead.');
  }
}

function snapshotOf(home: HomeDocument): Snapshot {
  const { generatedAt: _, ...content } = home;
  const id = createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);
  return { id, body: JSON.stringify(home) };
}

function notOurName(host: string): string {
  const name = visibleText(host.slice(0, 255)).replace(/:\d+$/, '');
  return `This server does not show its pages under the name "${name}". Open them by an address, or start the server with --allowed-hosts and this name. Update clients may call it by any name.`;
}

function sendHome({ request, response }: Exchange, { id, body }: Snapshot): void {
  const etag = `"${id}"`;
  response.setHeader('etag', etag);
  // The next viewer may see other things.
  response.setHeader('cache-control', 'private, no-cache');
  if (request.headers['if-none-match']?.includes(etag)) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function redirect({ response }: Exchange, location: string): void {
  response.writeHead(301, { location, 'content-length': 0 }).end();
}
