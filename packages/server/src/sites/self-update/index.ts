// The self-update site: on every listener, anonymous, read-only, needs no database to answer.
// Parties: the operator's key signed our files, Microsoft's key the imported ones. This site only carries both.
// Hard part: one address, two kinds of agents. Stock Windows agents accept only Microsoft's signature, ours only the
// operator's. Ours say who they are (header Moult-Agent), so what was imported is answered to everybody else.

import type { SigningIdentity } from '@moult/formats/authenticode';
import { counted } from '@moult/formats/text';
import {
  moultAgentHeader,
  resolveSelfUpdatePath,
  type SelfUpdateFile,
  selfUpdatePaths,
} from '@moult/protocol/self-update';
import type { Store } from '@moult/store';
import { treeBounds } from '../../bounds.ts';
import { noteOutcome } from '../../http/access-log/index.ts';
import type { Admission } from '../../http/limits/admission.ts';
import type { Exchange, Site } from '../../http/site.ts';
import { createOpenFiles, isNotThere, serveBytes, serveFile } from '../../http/static-file/index.ts';
import type { Branding } from './branding.ts';
import { watchDecisions } from './decision-watch.ts';
import { type ImportedTree, importedTreeMark, openImportedTree, type ServableFile } from './imported-tree.ts';
import type { WhenOffered } from './offers.ts';
import { type OwnTree, openOwnTree } from './own-tree.ts';
import { createPingRecorder } from './ping-recorder.ts';
import type { PublishedRelease } from './releases.ts';

export { readBranding } from './branding.ts';
export { createSelfUpdateHealth, type SelfUpdateHealthMonitor, type WatchedPort } from './health.ts';
export { clearImportedTree, importTree } from './import-tree.ts';
export { offerRelease } from './offers.ts';
export { checkPort80 } from './port80.ts';
export { openReleaseDoor } from './release-door.ts';
export { type PublishedRelease, packFiles, publishAgentReleases, releaseIn, unsignedCabinet } from './releases.ts';
export { listTree, verifyTree } from './tree-inventory.ts';

interface SelfUpdateParts {
  dataDir: string;
  /** The place of the built agent programs. Undefined: only releases that were published before are served. */
  releaseDir: string | undefined;
  /** Whose agent the releases are, if they do not say it themselves. */
  branding?: Branding | undefined;
  /** The operator's code-signing identity. */
  identity: SigningIdentity;
  store: Pick<Store, 'recordSelfUpdateEvents' | 'addToCounters' | 'listKnownIds' | 'forgetWriteMarks'>;
  admission: Pick<Admission, 'admit'>;
  now: () => Date;
  /** When agents are offered a release that is new here. Default: at once. */
  newReleases?: WhenOffered;
  /** Called when agents are led elsewhere than before. */
  changed?: () => void;
  /** Told once about each trouble that does not stop serving, and once when it is over. */
  onTrouble: (message: string, error?: unknown) => void;
}

export interface SelfUpdateSite extends Site {
  /** The agent releases that are offered and not recalled, newest first. */
  releases(): readonly PublishedRelease[];
  /** Releases of agents and hosts that are, or were, offered: what signed metadata lists. */
  offered(): readonly PublishedRelease[];
  /** A status ping too large or too strange to become a request (431, 400 of the parser) counts as malformed. */
  countUnreadablePing(): void;
  /** Stores pings that wait and releases files. */
  close(): Promise<void>;
}

const refusedEntries = 'Parts of the imported self-update tree are not served; "moult tree verify" names each.';
const importCheckMs = 1000;
const statusPingHeaders = [
  'Content-Type',
  'application/octet-stream',
  'Content-Length',
  '0',
  'Cache-Control',
  'no-store',
];

/** Publishes releases and ident files under `dataDir` and answers the site that serves them. */
export async function createSelfUpdateSite(parts: SelfUpdateParts): Promise<SelfUpdateSite> {
  const { dataDir, now, onTrouble } = parts;
  const openOwn = (): Promise<OwnTree> =>
    openOwnTree(dataDir, {
      ...{ releaseDir: parts.releaseDir, branding: parts.branding },
      ...{ identity: parts.identity, when: parts.newReleases ?? 'at-once', now: now() },
      refused: (error) => onTrouble('An agent release is not published; the others are.', error),
    });
  /** A release was recalled or offered: everybody is led elsewhere from now on. */
  const decisions = await watchDecisions(dataDir, {
    now,
    async changed() {
      own = await openOwn();
      parts.changed?.();
    },
    failed: (error) => onTrouble('The self-update tree cannot be made again; the one before stays.', error),
  });
  let own = await openOwn();
  const openImported = async (): Promise<ImportedTree> => {
    const tree = await openImportedTree(dataDir);
    const [first] = tree.refused;
    if (first)
      onTrouble(
        refusedEntries,
        new Error(`${counted(tree.refused.length, 'entry', 'entries')}: ${first.path}: ${first.why}`),
      );
    return tree;
  };
  let imported = await openImported();
  let mark = await importedTreeMark(dataDir);
  const pings = createPingRecorder({ store: parts.store, admission: parts.admission, onTrouble });
  const openFiles = createOpenFiles();
  const routes = new Map<string, SelfUpdateFile | undefined>();

  const refresh = async (): Promise<void> => {
    const present = await importedTreeMark(dataDir);
    if (present === mark) return;
    try {
      imported = await openImported();
      mark = present;
    } catch (error) {
      onTrouble('The imported self-update tree cannot be loaded; the one before stays.', error);
      mark = present;
    }
  };
  const importWatch = setInterval(() => {
    void refresh();
    void decisions.look();
  }, importCheckMs).unref();

  const resolve = (route: string): SelfUpdateFile | undefined => {
    if (routes.has(route)) return routes.get(route);
    const file = resolveSelfUpdatePath(route);
    if (routes.size >= treeBounds.maxRoutes) routes.clear();
    routes.set(route, file);
    return file;
  };

  const find = (exchange: Exchange): ServableFile | undefined => {
    if (exchange.route === selfUpdatePaths.operatorCertificate)
      return { kind: 'memory', file: own.operatorCertificate };
    const file = resolve(exchange.route);
    const isOurs = exchange.request.headers[headerKey] !== undefined;
    if (!isOurs && imported.fileCount > 0) {
      const theirs = findImported(imported, exchange.route, file);
      if (theirs) return theirs;
    }
    const ours = file && ownFile(own, file);
    return ours ? { kind: 'memory', file: ours } : findImported(imported, exchange.route, undefined);
  };

  const serve = async (exchange: Exchange): Promise<void> => {
    const found = find(exchange);
    if (found?.kind === 'memory') return serveBytes(exchange, found.file);
    if (!found) return refuse(exchange, isFolder(imported, exchange.route));
    try {
      await serveFile(exchange, found.file, openFiles);
    } catch (error) {
      if (exchange.response.headersSent) throw error;
      // An import took the file's place a moment ago.
      await refresh();
      const again = find(exchange);
      if (again?.kind === 'memory') return serveBytes(exchange, again.file);
      if (!again) return refuse(exchange, false);
      await serveFile(exchange, again.file, openFiles).catch((failure) => {
        if (exchange.response.headersSent || !isNotThere(failure)) throw failure;
        refuse(exchange, false);
      });
    }
  };

  return {
    name: 'self-update',
    listeners: ['main', 'self-update', 'tls'],
    matches: ({ route }) =>
      route.startsWith('/selfupdate')
        ? route.length === 11 || route[11] === '/'
        : route === '/iuident.cab' || route === '/wutrack.bin',
    serve(exchange) {
      if (exchange.route === '/wutrack.bin') return answerPing(exchange, pings.take);
      return serve(exchange);
    },
    releases: () => own.releases,
    offered: () => own.offered,
    countUnreadablePing: () => pings.countOversized(),
    async close() {
      clearInterval(importWatch);
      await decisions.close();
      await pings.close();
      await openFiles.close();
    },
  };
}

const headerKey = moultAgentHeader.name.toLowerCase();

function ownFile(own: OwnTree, file: SelfUpdateFile) {
  if (file.kind === 'iuident') return own.iuident;
  if (file.kind === 'wuident') return own.wuident;
  if (file.kind === 'host') return own.host;
  return file.kind === 'wuaucomp' ? own.wuaucomp : undefined;
}

function findImported(
  imported: ImportedTree,
  route: string,
  file: SelfUpdateFile | undefined,
): ServableFile | undefined {
  return imported.find(route.slice(1)) ?? (file?.kind === 'wuaucomp' ? imported.findRelease(file) : undefined);
}

// Every request is answered with 200 and nothing: the client keeps the ping otherwise.
function answerPing(exchange: Exchange, take: (exchange: Exchange) => void): void {
  const { request, response } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseMethod(exchange);
    return;
  }
  response.writeHead(200, statusPingHeaders);
  response.end();
  // A look at the bare address is an administrator with a browser, not a ping.
  if (request.method === 'GET' && exchange.query !== '') take(exchange);
}

function isFolder(imported: ImportedTree, route: string): boolean {
  const folder = route.slice(1).replace(/\/+$/, '');
  const isOwn = resolveSelfUpdatePath(`/${fillPath(folder)}`)?.kind === 'wuaucomp';
  return isOwn || imported.isFolder(folder);
}

// A folder of ours is a beginning of a release path.
function fillPath(folder: string): string {
  const parts = folder.split('/');
  return [...parts, ...'selfupdate/au/x86/xp/en/wuaucomp.cab'.split('/').slice(parts.length)].join('/');
}

function refuseMethod({ response }: Exchange): void {
  sendText(response, 405, '405 - Only GET and HEAD are allowed here.', ['Allow', 'GET, HEAD']);
}

function refuse(exchange: Exchange, folder: boolean): void {
  const { request, response } = exchange;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuseMethod(exchange);
    return;
  }
  // IIS: 403.14, the contents of the folder are not listed. 404.0 with ERROR_FILE_NOT_FOUND.
  noteOutcome(response, folder ? { substatus: 14, win32: 0 } : { substatus: 0, win32: 2 });
  if (folder) sendText(response, 403, '403.14 - This folder of the self-update tree is not listed.');
  else sendText(response, 404, '404 - The self-update tree holds no such file.');
}

function sendText(response: Exchange['response'], status: number, sentence: string, headers: string[] = []): void {
  const body = `${sentence}\n`;
  const type = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))];
  response.writeHead(status, [...headers, ...type]);
  response.end(body);
}
