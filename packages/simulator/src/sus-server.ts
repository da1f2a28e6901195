// A SUS server: ident, releases, catalog and status file, no web services. Written once: `handle` answers a request in
// process, listen.ts puts the same thing on a real port. It misbehaves on request, per path, and keeps a journal.

import { createHash } from 'node:crypto';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import {
  composeIdent,
  encodeIdent,
  encodeRelease,
  type Generation,
  hostPurpose,
  type Ident,
  identPurpose,
  releaseFileName,
  releasePurpose,
  resolveSelfUpdatePath,
} from '@moult/protocol/self-update';
import type { Fault } from './faults.ts';

export interface SimulatedRelease {
  generation: Generation;
  version: string;
  entry: string;
  files: { name: string; bytes: Uint8Array }[];
  /** Default `moult-agent`. */
  product?: string;
  /** The description that is signed along. Default: that of a release of this version. */
  signedAs?: string;
}

export interface SusServerOptions {
  /** The signer of this server's files. */
  signer: SigningIdentity;
  /** Time stamp of files and signatures. */
  now: Date;
  /** The target of iuident. Undefined: every client is up to date. */
  release?: SimulatedRelease;
  /** Also serve selfupdate/wuident.cab, as a WSUS server does. Default false: SUS 1.0 had none. */
  wuident?: boolean;
  /** The version that iuident and wuident announce, if it differs from the release. */
  announce?: string;
  /** Approved items of the catalog. */
  approvedItems?: string[];
  /** The host release that this server carries. Undefined: none, as any WSUS or SUS server. */
  host?: SimulatedRelease;
}

export interface SimulatedRequest {
  method: string;
  /** Path with query, as sent. */
  url: string;
  headers?: Readonly<Record<string, string | string[] | undefined>>;
  body?: string;
}

export interface SimulatedAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** How a real port delivers it. In process it is the caller's to heed. */
  delivery:
    | { kind: 'whole' }
    | { kind: 'cut'; afterBytes: number }
    | { kind: 'slow'; bytesPerSecond: number }
    /** Nothing comes, until the other side gives up. */
    | { kind: 'never' };
}

export interface JournalEntry {
  method: string;
  path: string;
  query: string;
  userAgent: string;
  status: number;
  fault: Fault['kind'] | undefined;
}

export interface SusServer {
  handle(request: SimulatedRequest): Promise<SimulatedAnswer>;
  /** Switches a fault on for every path that matches (letter case aside), or off. */
  setFault(paths: RegExp, fault: Fault): void;
  clearFaults(): void;
  /** Replaces what is served from now on. */
  publish(release: SimulatedRelease | undefined, announce?: string): Promise<void>;
  /** As publish, for the host release. */
  publishHost(host: SimulatedRelease | undefined): Promise<void>;
  readonly journal: JournalEntry[];
  /** Queries of the status pings whose 200 arrived, in order. */
  pings(): string[];
}

const page = '<!DOCTYPE html>\r\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\r\n';

export async function createSusServer(options: SusServerOptions): Promise<SusServer> {
  const journal: JournalEntry[] = [];
  let faults: { paths: RegExp; fault: Fault }[] = [];
  let modified = options.now;
  let { host } = options;
  let published = { release: options.release, announce: options.announce };
  const build = async () => buildFiles({ ...options, host }, published.release, published.announce);
  let files = await build();
  return {
    journal,
    setFault: (paths, fault) => {
      faults = [...faults.filter((known) => known.paths.source !== paths.source), { paths, fault }];
    },
    clearFaults: () => {
      faults = [];
    },
    publish: async (release, announce) => {
      published = { release, announce };
      files = await build();
      // Clients compare sizes and times: what is new has a new time.
      modified = new Date(modified.getTime() + 60_000);
    },
    publishHost: async (next) => {
      host = next;
      files = await build();
    },
    pings: () =>
      journal
        .filter(({ path, status, fault }) => /^\/wutrack\.bin$/i.test(path) && status === 200 && fault !== 'cut')
        .map(({ query }) => query),
    handle: async (request) => {
      const [path = '/', query = ''] = request.url.split('?', 2);
      const fault = faults.find(({ paths }) => new RegExp(paths.source, 'i').test(path))?.fault;
      const answer = await misbehave(answerFor(files, path, modified), fault, options);
      const agent = request.headers?.['user-agent'];
      journal.push({
        method: request.method,
        path,
        query,
        userAgent: typeof agent === 'string' ? agent : '',
        status: answer.status,
        fault: fault?.kind,
      });
      return answer;
    },
  };
}

type Files = Map<string, Uint8Array>;

function answerFor(files: Files, path: string, modified: Date): SimulatedAnswer {
  const kind = resolveSelfUpdatePath(path)?.kind ?? path.toLowerCase();
  const body = files.get(kind);
  if (!body) return { ...plain('404 not found', 404), delivery: { kind: 'whole' } };
  return {
    status: 200,
    headers: {
      'Content-Type': 'application/octet-stream',
      'Last-Modified': modified.toUTCString(),
      ETag: `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`,
    },
    body,
    delivery: { kind: 'whole' },
  };
}

async function misbehave(
  good: SimulatedAnswer,
  fault: Fault | undefined,
  options: SusServerOptions,
): Promise<SimulatedAnswer> {
  switch (fault?.kind) {
    case undefined:
      return good;
    case 'status':
      return { ...plain(`${fault.status}`, fault.status), delivery: { kind: 'whole' } };
    case 'cut':
      return { ...good, delivery: { kind: 'cut', afterBytes: Math.min(fault.afterBytes, good.body.length) } };
    case 'slow':
      return { ...good, delivery: { kind: 'slow', bytesPerSecond: fault.bytesPerSecond } };
    case 'truncated':
      return { ...good, body: good.body.subarray(0, Math.floor(good.body.length / 2)) };
    case 'altered':
      return { ...good, body: alter(good.body) };
    case 'wrong-signature':
      return { ...good, body: await signByStranger(good.body, options.now) };
    case 'html':
      return {
        status: 200,
        headers: { 'Content-Type': 'text/html; charset=utf-8' },
        body: Buffer.from(page),
        delivery: { kind: 'whole' },
      };
  }
}

async function buildFiles(
  options: Omit<SusServerOptions, 'host'> & { host: SimulatedRelease | undefined },
  release: SimulatedRelease | undefined,
  announce?: string,
): Promise<Files> {
  const { signer, now } = options;
  const files: Files = new Map();
  const product = release?.product ?? 'moult-agent';
  const version = announce ?? release?.version;
  const ident = async (client: Generation) => {
    const text = encodeIdent(asIdent(client, version));
    const member = client === 'sus' ? 'iuident.txt' : 'wuident.txt';
    const cabinet = createCabinet([{ name: member, bytes: Buffer.from(text), modified: now }], {
      compression: 'mszip',
    });
    const description = identPurpose(client === 'sus' ? 'iuident' : 'wuident');
    return signFile(cabinet, signer, { now, description });
  };
  files.set('iuident', await ident('sus'));
  if (options.wuident) files.set('wuident', await ident('wsus'));
  files.set('wutrack', new Uint8Array());
  const items = (options.approvedItems ?? []).map((item) => `${item},1\r\n`).join('');
  files.set('/approveditems.txt', Buffer.from(items));
  if (release) {
    const description = release.signedAs ?? releasePurpose(release.version);
    files.set('wuaucomp', await signFile(releaseCabinet(release, product, now), signer, { now, description }));
  }
  const { host } = options;
  if (host) {
    const description = host.signedAs ?? hostPurpose(host.version);
    const cabinet = releaseCabinet(host, host.product ?? 'moult-host', now);
    files.set('host', await signFile(cabinet, signer, { now, description }));
  }
  return files;
}

function asIdent(client: Generation, version: string | undefined): Ident {
  return composeIdent(client, { product: 'moult-agent', version });
}

function releaseCabinet(
  { generation, version, entry, files }: SimulatedRelease,
  product: string,
  now: Date,
): Uint8Array {
  const listed = files.map(({ name, bytes }) => ({
    name,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  const json = encodeRelease({ product, generation, version, entry, files: listed });
  const members = [{ name: releaseFileName, bytes: Buffer.from(json) }, ...files];
  return createCabinet(
    members.map(({ name, bytes }) => ({ name, bytes, modified: now })),
    { compression: 'mszip' },
  );
}

/** One bit in the middle: the container still reads, the digest does not fit. */
function alter(bytes: Uint8Array): Uint8Array {
  const altered = Uint8Array.from(bytes);
  const middle = Math.floor(altered.length / 2);
  altered[middle] = (altered[middle] ?? 0) ^ 1;
  return altered;
}

let stranger: Promise<SigningIdentity> | undefined;

/**
 * The same content, well signed by somebody this machine does not know. A file that is not a cabinet carries no
 * signature: unchanged.
 */
async function signByStranger(bytes: Uint8Array, now: Date): Promise<Uint8Array> {
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'MSCF') return bytes;
  stranger ??= createOperatorCa({ commonName: 'Stranger CA', now }).then((ca) =>
    createOperatorSigner(ca, { commonName: 'Stranger', now }),
  );
  return signFile(bytes, await stranger, { now });
}

function plain(text: string, status: number): Omit<SimulatedAnswer, 'delivery'> {
  return { status, headers: { 'Content-Type': 'text/plain' }, body: Buffer.from(`${text}\r\n`) };
}
