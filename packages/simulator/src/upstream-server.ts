// An upstream of MS-WSUSSS: a WSUS, or Microsoft's public service. It checks what it is asked as strictly as the real ones do,
// misbehaves on request, and keeps a journal. `handle` answers in process, listen.ts puts it on a port.

import { childElements, childNamed, childrenNamed, readXml, textOf, type XmlElement } from '@moult/formats/xml';
import { encodeXpress } from '@moult/formats/xpress';
import type { SimulatedAnswer, SimulatedRequest } from './sus-server.ts';
import {
  answerText,
  authConfig,
  configData,
  decryptionItem,
  faultText,
  identityItems,
  revisionList,
  type UpstreamKind,
  updateItem,
  urlItems,
} from './upstream-answers.ts';
import type { SimulatedUpdate } from './upstream-catalog.ts';
import { type ContentFault, contentAnswer } from './upstream-content.ts';

export interface UpstreamOptions {
  kind: UpstreamKind;
  now(): Date;
  updates: readonly SimulatedUpdate[];
  /** Life of a cookie. Default: 60 for `microsoft`, 240 for `wsus`. */
  cookieMinutes?: number;
  /** Characters of documents in one answer. Windows stops at 2,000,000 bytes. */
  answerCharacters?: number;
}

export type UpstreamFault =
  /** A SOAP fault with HTTP 500. */
  | { kind: 'soap'; code: string; message?: string }
  /** HTTP without SOAP: 503 and its HTML page. */
  | { kind: 'status'; status: number }
  /** 200 and a log-on page. */
  | { kind: 'html' }
  | { kind: 'cut'; afterBytes: number }
  /** Nothing comes, until the caller gives up. */
  | { kind: 'silent' };

/** The fault of one revision. */
type SpoiledRevision =
  /** Listed, and not there: the whole call fails, as the real ones do. */
  | 'missing'
  /** The document is not XML. */
  | 'no-xml'
  /** The document of another update. */
  | 'other-update'
  /** A cabinet that is damaged. */
  | 'damaged-cabinet';

interface UpstreamCall {
  operation: string;
  /** Updates that were asked for. */
  ids: number;
  body: string;
  status: number;
}

export interface UpstreamServer {
  handle(request: SimulatedRequest): Promise<SimulatedAnswer>;
  readonly calls: UpstreamCall[];
  /** The next `times` calls of this operation get the fault. */
  failNext(operation: string, fault: UpstreamFault, times?: number): void;
  spoil(update: Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>, how: SpoiledRevision | undefined): void;
  /** The next `times` requests for this file (SHA-1 in hex) get the fault. */
  failContent(sha1: string, fault: ContentFault, times?: number): void;
  /** Requests for files, in order: SHA-1 in hex, and the Range header. */
  readonly downloads: { sha1: string; range: string | undefined }[];
  /** Adds updates, or further revisions of them. */
  publish(...updates: SimulatedUpdate[]): void;
  /** No cookie that was given is good any more. */
  forgetCookies(): void;
}

interface State extends Required<Omit<UpstreamOptions, 'updates'>> {
  catalog: SimulatedUpdate[];
  /** The catalog by the name of the revision. */
  named: Map<string, SimulatedUpdate>;
  spoiled: Map<string, SpoiledRevision>;
  items: Map<string, string>;
  cookies: Map<string, number>;
  accounts: Set<string>;
  anchors: number;
}

export function createUpstreamServer(options: UpstreamOptions): UpstreamServer {
  const { kind, now, cookieMinutes = kind === 'microsoft' ? 60 : 240, answerCharacters = 2_000_000 } = options;
  const state: State = {
    ...{ kind, now, cookieMinutes, answerCharacters, catalog: [...options.updates], spoiled: new Map() },
    named: new Map(options.updates.map((one) => [nameOf(one), one])),
    ...{ items: new Map(), cookies: new Map(), accounts: new Set(), anchors: 0 },
  };
  const calls: UpstreamCall[] = [];
  const failing: { operation: string; fault: UpstreamFault; times: number }[] = [];
  const downloads: UpstreamServer['downloads'] = [];
  const spoiledFiles: { sha1: string; fault: ContentFault; times: number }[] = [];
  const content = (request: SimulatedRequest) => {
    const sha1 = /^\/content\/[\da-f]{2}\/([\da-f]{40})/i.exec(request.url)?.[1]?.toLowerCase() ?? '';
    const range = request.headers?.range?.toString();
    downloads.push({ sha1, range });
    const spoiled = spoiledFiles.find((one) => one.times > 0 && one.sha1 === sha1);
    if (spoiled) spoiled.times--;
    const file = kind === 'microsoft' ? undefined : fileOf(state.catalog, sha1);
    return contentAnswer(file, range, spoiled?.fault);
  };
  return {
    ...{ calls, downloads },
    failContent: (sha1, fault, times = 1) => void spoiledFiles.push({ sha1, fault, times }),
    failNext: (operation, fault, times = 1) => void failing.push({ operation, fault, times }),
    spoil: (update, how) => {
      if (how === undefined) state.spoiled.delete(nameOf(update));
      else state.spoiled.set(nameOf(update), how);
    },
    publish: (...updates) => {
      state.catalog.push(...updates);
      for (const one of updates) state.named.set(nameOf(one), one);
    },
    forgetCookies: () => state.cookies.clear(),
    handle: async (request) => {
      const { headers, body = '' } = request;
      if (request.method !== 'POST') return content(request);
      const asked = readAsked(body);
      const fault = failing.find(({ operation, times }) => times > 0 && operation === asked?.local);
      if (fault) fault.times--;
      const answer = fault && asked ? misbehave(state, asked.local, fault.fault) : answerTo(state, asked);
      const ids = asked ? childElements(childNamed(asked, 'updateIds') ?? asked).length : 0;
      calls.push({ operation: asked?.local ?? '', ids, body, status: answer.status });
      return inCoding(answer, headers?.['accept-encoding']);
    },
  };
}

function fileOf(catalog: readonly SimulatedUpdate[], sha1: string): Buffer | undefined {
  const digest = Buffer.from(sha1, 'hex').toString('base64');
  for (const { files } of catalog) for (const file of files) if (file.sha1 === digest) return file.bytes?.();
  return undefined;
}

function readAsked(body: string): XmlElement | undefined {
  try {
    const soapBody = childNamed(readXml(body), 'Body');
    return soapBody && childElements(soapBody)[0];
  } catch {
    return undefined;
  }
}

function answerTo(state: State, asked: XmlElement | undefined): SimulatedAnswer {
  const operation = asked ? operations[asked.local] : undefined;
  if (!asked || !operation) return whole(404, 'text/html', '<html><body>Not found</body></html>');
  try {
    return whole(200, 'text/xml; charset=utf-8', answerText(state.kind, asked.local, operation(state, asked)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return whole(500, 'text/xml; charset=utf-8', faultText(state.kind, asked.local, error.code, error.message));
  }
}

class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message = '') {
    super(message);
    this.code = code;
  }
}

const operations: Readonly<Record<string, (state: State, asked: XmlElement) => string>> = {
  GetAuthConfig: ({ now }) => authConfig(now()),
  GetAuthorizationCookie: (state, asked) => {
    const [name, id] = [said(asked, 'accountName'), said(asked, 'accountGuid')];
    // Real WSUS wants a name and a GUID. The public service takes anything.
    const isProper = /^[\w-]+(\.[\w-]+)*$/.test(name) && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id);
    if (state.kind === 'wsus' && !isProper) throw new Refusal('InvalidParameters', 'machineName');
    state.accounts.add(`${name} ${id}`);
    return `<PlugInId>DssTargeting</PlugInId><CookieData>${Buffer.from(`account ${id}`).toString('base64')}</CookieData>`;
  },
  GetCookie: (state, asked) => {
    const version = /^(\d+)\.\d+$/.exec(said(asked, 'protocolVersion'));
    if (!version) throw new Refusal('InvalidParameters', 'protocolVersion');
    if (version[1] !== '1') throw new Refusal('IncompatibleProtocolVersion');
    const [cookie, ...more] = childElements(childNamed(asked, 'authCookies') ?? asked);
    if (!cookie || more.length > 0) throw new Refusal('InvalidParameters', 'authCookies');
    if (!said(cookie, 'CookieData')) throw new Refusal('InvalidAuthorizationCookie');
    const data = Buffer.from(`cookie ${state.cookies.size} ${state.now().getTime()}`).toString('base64');
    const expires = state.now().getTime() + state.cookieMinutes * 60_000;
    state.cookies.set(data, expires);
    return `<Expiration>${new Date(expires).toISOString()}</Expiration><EncryptedData>${data}</EncryptedData>`;
  },
  GetConfigData: (state, asked) => {
    requireCookie(state, asked);
    const withLanguages = childNamed(asked, 'configAnchor') === undefined;
    return configData(state.kind, { anchor: newAnchor(state), maxUpdates: idsPerCall, withLanguages });
  },
  GetRevisionIdList: (state, asked) => {
    requireCookie(state, asked);
    const filter = childNamed(asked, 'filter');
    if (!filter) throw new Refusal('InvalidParameters', 'filter');
    return revisionList(newAnchor(state), select(state, filter));
  },
  GetUpdateData: (state, asked) => {
    requireCookie(state, asked);
    const ids = identitiesIn(asked);
    if (ids.length === 0 || ids.length > idsPerCall) throw new Refusal('InvalidParameters', 'updateIds');
    return updateData(state, ids);
  },
  GetUpdateDecryptionData: (state, asked) => {
    requireCookie(state, asked);
    const ids = identitiesIn(asked);
    if (ids.length === 0 || ids.length > (state.kind === 'wsus' ? idsPerCall : keysPerCall))
      throw new Refusal('InvalidParameters', 'updateIds');
    const items = requireUpdates(state, ids).map(decryptionItem);
    return `<UpdateFileDecryptionData>${items.join('')}</UpdateFileDecryptionData>`;
  },
  GetRelatedRevisionsForUpdates: (state, asked) => {
    requireCookie(state, asked);
    // The specification calls it unused. Microsoft's public service answers all the same.
    if (state.kind === 'wsus') return '';
    const ids = new Set(childElements(childNamed(asked, 'updateIDs') ?? asked).map((one) => textOf(one).trim()));
    return identityItems(newestOf(state.catalog).filter(({ updateId }) => ids.has(updateId)));
  },
  DownloadFiles: (state, asked) => {
    requireCookie(state, asked);
    const digests = childElements(childNamed(asked, 'fileDigestList') ?? asked).map((child) => textOf(child).trim());
    if (digests.length === 0 || digests.length > idsPerCall) throw new Refusal('InvalidParameters', 'fileDigestList');
    const known = new Set(state.catalog.flatMap(({ files }) => files.map(({ sha1 }) => sha1)));
    const missing = digests.filter((digest) => !known.has(digest));
    if (missing.length > 0) throw new Refusal('FileDigestsMissing', missing.join('|'));
    return '';
  },
};

const idsPerCall = 100;
/** Of Microsoft's public service, as its recorded configuration says. */
const keysPerCall = 500;

function identitiesIn(asked: XmlElement): Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>[] {
  return childElements(childNamed(asked, 'updateIds') ?? asked).map((child) => ({
    updateId: said(child, 'UpdateID').toLowerCase(),
    revisionNumber: Number(said(child, 'RevisionNumber')),
  }));
}

const filterOrder = [
  ...['DssProtocolVersion', 'Anchor', 'GetConfig', 'Get63LanguageOnly', 'Categories', 'Classifications', 'Languages'],
];

function select(state: State, filter: XmlElement): SimulatedUpdate[] {
  const places = childElements(filter).map(({ local }) => filterOrder.indexOf(local));
  const isInOrder = places.every((place, at) => place >= 0 && (at === 0 || place > (places[at - 1] ?? -1)));
  if (!isInOrder || !childNamed(filter, 'GetConfig')) throw new Refusal('InvalidParameters', 'filter');
  if (state.kind === 'microsoft' && !childNamed(filter, 'Get63LanguageOnly'))
    throw new Refusal('InvalidParameters', 'filter');
  const since = childNamed(filter, 'Anchor') ? anchorTime(state, said(filter, 'Anchor')) : undefined;
  const newest = newestOf(state.catalog);
  if (said(filter, 'GetConfig') === 'true') {
    return newest.filter((one) => one.isConfig && (since === undefined || one.changedAt.getTime() > since));
  }
  const categories = wantedIds(filter, 'Categories');
  const classifications = wantedIds(filter, 'Classifications');
  if ((categories.size === 0) !== (classifications.size === 0)) return [];
  return newest.filter((one) => {
    if (one.isConfig) return false;
    const own = [categories, classifications].map((wanted) => one.categories.filter((id) => wanted.has(id)));
    if (categories.size > 0 && own.some((ids) => ids.length === 0)) return false;
    if (since === undefined || one.changedAt.getTime() > since) return true;
    return own.flat().some((id) => (categories.get(id) ?? classifications.get(id)) === false);
  });
}

function wantedIds(filter: XmlElement, name: string): Map<string, boolean> {
  const list = childNamed(filter, name);
  const ids = list ? childrenNamed(list, 'IdAndDelta') : [];
  return new Map(ids.map((one) => [said(one, 'Id').toLowerCase(), said(one, 'Delta') === 'true']));
}

function newestOf(catalog: readonly SimulatedUpdate[]): SimulatedUpdate[] {
  const newest = new Map<string, SimulatedUpdate>();
  for (const one of catalog) {
    const known = newest.get(one.updateId);
    if (!known || known.revisionNumber < one.revisionNumber) newest.set(one.updateId, one);
  }
  return [...newest.values()];
}

/** Real WSUS counts, the public service does not. */
function newAnchor(state: State): string {
  const time = state.now().toISOString().replace('T', ' ').replace('Z', '');
  return state.kind === 'wsus' ? `${++state.anchors},${time}` : time;
}

function anchorTime({ kind }: State, anchor: string): number {
  const form =
    kind === 'wsus' ? /^\d+,(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})$/ : /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})$/;
  const parts = form.exec(anchor);
  if (!parts) throw new Refusal('InvalidParameters', 'filter');
  return Date.parse(`${parts[1]}T${parts[2]}Z`);
}

function requireUpdates(
  state: State,
  ids: readonly Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>[],
): SimulatedUpdate[] {
  const found = ids.map((id) => state.named.get(nameOf(id)));
  const missing = ids.filter((id, at) => !found[at] || state.spoiled.get(nameOf(id)) === 'missing');
  if (missing.length > 0) {
    if (state.kind === 'wsus') throw new Refusal('InternalServerError');
    const names = missing.map(({ updateId, revisionNumber }) => `${updateId}.${revisionNumber}`).join(', ');
    throw new Refusal(
      'InternalServerError',
      `Requested ${ids.length} returned ${ids.length - missing.length} (test content removed: 0). Missing Revisions: ${names}`,
    );
  }
  return found.filter((update) => update !== undefined);
}

function updateData(state: State, ids: readonly Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>[]): string {
  let updates = '';
  let urls = '';
  for (const update of requireUpdates(state, ids)) {
    if (updates !== '' && updates.length > state.answerCharacters) continue;
    updates += itemOf(state, update);
    urls += urlItems(update.files);
  }
  return `<updates>${updates}</updates><fileUrls>${urls}</fileUrls>`;
}

function itemOf(state: State, update: SimulatedUpdate): string {
  const how = state.spoiled.get(nameOf(update));
  if (how === 'no-xml') return updateItem({ ...update, xml: '<upd:Update' });
  if (how === 'other-update') return updateItem({ ...update, xml: update.xml.replaceAll(update.updateId, otherId) });
  const known = state.items.get(nameOf(update)) ?? updateItem(update);
  // To pack a large document again for each who asks takes seconds.
  state.items.set(nameOf(update), known);
  if (how !== 'damaged-cabinet') return known;
  const id = known.slice(0, known.indexOf('</Id>') + 5);
  const noCabinet = Buffer.from('MSCF, and then nothing that fits').toString('base64');
  return `${id}<XmlUpdateBlobCompressed>${noCabinet}</XmlUpdateBlobCompressed></ServerSyncUpdateData>`;
}

const otherId = '11111111-1111-4111-8111-111111111111';

function requireCookie(state: State, asked: XmlElement): void {
  const cookie = childNamed(asked, 'cookie');
  const expires = cookie && state.cookies.get(said(cookie, 'EncryptedData'));
  if (expires === undefined || expires <= state.now().getTime()) throw new Refusal('InvalidCookie');
}

function misbehave(state: State, operation: string, fault: UpstreamFault): SimulatedAnswer {
  const soap = 'text/xml; charset=utf-8';
  switch (fault.kind) {
    case 'soap':
      return whole(500, soap, faultText(state.kind, operation, fault.code, fault.message ?? ''));
    case 'status':
      return whole(fault.status, 'text/html', '<html><body>Service Unavailable</body></html>');
    case 'html':
      return whole(200, 'text/html', '<html><body>Please log on.</body></html>');
    case 'cut':
      return {
        ...whole(200, soap, ' '.repeat(fault.afterBytes + 1000)),
        delivery: { kind: 'cut', afterBytes: fault.afterBytes },
      };
    case 'silent':
      return { ...whole(200, soap, ''), delivery: { kind: 'never' } };
  }
}

function inCoding(answer: SimulatedAnswer, accepted: string | string[] | undefined): SimulatedAnswer {
  if (answer.status !== 200 || !String(accepted ?? '').includes('xpress') || answer.body.length < 1000) return answer;
  if (answer.delivery.kind !== 'whole') return answer;
  const body = encodeXpress(answer.body, 'wusp');
  return { ...answer, headers: { ...answer.headers, 'Content-Encoding': 'xpress' }, body };
}

function whole(status: number, type: string, text: string): SimulatedAnswer {
  const headers = { 'Content-Type': type, 'Cache-Control': 'private, max-age=0' };
  return { status, headers, body: Buffer.from(text), delivery: { kind: 'whole' } };
}

function said(element: XmlElement, name: string): string {
  const child = childNamed(element, name);
  return child ? textOf(child).trim() : '';
}

function nameOf({ updateId, revisionNumber }: Pick<SimulatedUpdate, 'updateId' | 'revisionNumber'>): string {
  return `${updateId}@${revisionNumber}`;
}
