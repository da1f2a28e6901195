// Calls of the API of a server elsewhere, with the errors that the rules of administration have here.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { AdministrationError } from '@moult/administration';
import type { Page } from '@moult/store';
import { remoteBounds } from '../bounds.ts';
import { RemoteError, UsageError } from '../terminal.ts';
import type { Credentials } from './credentials.ts';

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface ApiClient {
  readonly url: string;
  get(path: string, query?: Query): Promise<unknown>;
  send(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  /** As send, for what needs the ETag of what it changes: that is what the server has at this moment. */
  change(method: 'DELETE', path: string): Promise<unknown>;
  /** As many pages as it takes. `limit`: most items, 0 for all. */
  list<Item>(path: string, query: Query & { limit: number; cursor?: string | undefined }): Promise<Page<Item>>;
}

/** `https://name[:port]`. Throws UsageError for any other text, and for HTTP to another machine. */
export function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new UsageError(`"${text}" is not the address of a server. Write https://server:8531.`);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
  if (url.protocol === 'http:' && !isLocal)
    throw new UsageError(
      `A token must not go over HTTP, because others on the network can read it. Use https://${url.host}.`,
    );
  return url.origin;
}

/** Throws UsageError for a token that cannot be one. */
export function createApiClient(
  origin: string,
  { token, ca }: Credentials,
  limits: typeof remoteBounds = remoteBounds,
): ApiClient {
  if (!/^[\w-]{1,256}$/.test(token))
    throw new UsageError(
      `The token for ${origin} cannot be used. A token is one word, as "moult tokens add" prints it.`,
    );
  const answerTo = async (method: string, path: string, { body, ifMatch }: Partial<Asked> = {}) => {
    const asked = { method, token, ca, body, ifMatch, limits };
    const { status, text, etag } = await ask(`${origin}/api/v1${path}`, asked);
    const document = text === '' ? undefined : parse(text, origin);
    // A redirection leads to another server, which must not get the token.
    if (status < 200 || status > 299) throw errorOf(document, status, origin);
    if (status === 202 && isObject(document) && typeof document.requestId === 'string')
      throw new RemoteError('CLI_SECOND_PERSON', waitsText(document.requestId, origin));
    if (status === 204 || isObject(document)) return { document, etag };
    throw noMoult(origin);
  };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    (await answerTo(method, path, { body })).document;
  const get = (path: string, query: Query = {}) => call('GET', `${path}${searchOf(query)}`);
  return {
    url: origin,
    get,
    send: (method, path, body) => call(method, path, body),
    async change(method, path) {
      const { etag } = await answerTo('GET', path);
      return (await answerTo(method, path, { ifMatch: etag })).document;
    },
    async list<Item>(
      path: string,
      { limit, cursor, ...query }: Query & { limit: number; cursor?: string | undefined },
    ) {
      const items: Item[] = [];
      for (let next = cursor; ; ) {
        const wanted = limit === 0 ? longestPage : Math.min(longestPage, limit - items.length);
        const page = (await get(path, { ...query, limit: wanted, cursor: next })) as {
          items: Item[];
          total: number;
          next: string | null;
        };
        if (!Array.isArray(page.items) || !page.items.every(isObject)) throw noMoult(origin);
        items.push(...page.items.map(withDates));
        next = page.next ?? undefined;
        // A list without an end.
        if (items.length > limits.maxItems || (next !== undefined && page.items.length === 0)) throw noMoult(origin);
        if (next === undefined || (limit !== 0 && items.length >= limit)) return { items, total: page.total, next };
      }
    },
  };
}

function waitsText(requestId: string, origin: string): string {
  const id = /^[\da-f-]{8,36}$/i.test(requestId) ? requestId.slice(0, 8) : 'ID';
  return `Nothing has changed yet: this waits for a second person. That person runs: moult requests confirm ${id} --server ${origin}`;
}

const longestPage = 200;

/** Fields that are times: a text of a stranger that looks like one stays text. */
const dateFields = new Set([
  ...['lastContact', 'lastSync', 'lastReport', 'stateSince', 'identityChangedAt', 'sharedAt', 'importedAt'],
  ...['askedAt', 'expiresAt', 'decidedAt', 'deadline', 'changedAt', 'startedAt', 'pausedUntil', 'lastAt'],
]);

function withDates<Item>(item: Item): Item {
  if (Array.isArray(item)) return item.map(withDates) as Item;
  if (typeof item !== 'object' || item === null) return item;
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      dateFields.has(name) && typeof value === 'string' ? new Date(value) : withDates(value),
    ]),
  ) as Item;
}

function searchOf(query: Query): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const one of value) given.append(name, one);
    else given.append(name, String(value));
  }
  return given.size === 0 ? '' : `?${given}`;
}

interface Asked {
  method: string;
  token: string;
  ca: string | undefined;
  body: unknown;
  ifMatch: string | undefined;
  limits: Pick<typeof remoteBounds, 'answerMs' | 'maxAnswerBytes'>;
}

interface Answer {
  status: number;
  text: string;
  etag: string | undefined;
}

function ask(url: string, { method, token, ca, body, ifMatch, limits }: Asked): Promise<Answer> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
  if (ifMatch !== undefined) headers['if-match'] = ifMatch;
  if (sent !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(sent));
  }
  // For the whole answer: one that sends a byte now and then is never idle.
  const signal = AbortSignal.timeout(limits.answerMs);
  const options = { method, headers, signal, agent: false } as const;
  return new Promise((resolve, reject) => {
    const failed = (error: Error) =>
      reject(unreachable(url, signal.aborted ? new Error('it does not answer in time') : error));
    const taken = (response: IncomingMessage) => {
      const { statusCode: status = 0, headers: told } = response;
      textOf(response, limits).then((text) => resolve({ status, text, etag: told.etag }), failed);
    };
    const request = url.startsWith('https:')
      ? httpsRequest(url, { ...options, ...(ca !== undefined && { ca }) }, taken)
      : httpRequest(url, options, taken);
    request.on('error', failed);
    request.end(sent);
  });
}

async function textOf(response: IncomingMessage, { maxAnswerBytes }: Asked['limits']): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxAnswerBytes) throw new Error('its answer is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parse(text: string, origin: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw noMoult(origin, cause);
  }
}

function noMoult(origin: string, cause?: unknown): RemoteError {
  return new RemoteError('CLI_SERVER_UNREACHABLE', `${origin} does not answer as a Moult server does.`, { cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreachable(url: string, error: Error): RemoteError {
  const { origin } = new URL(url);
  const code = 'code' in error ? String(error.code) : '';
  const isForeign = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ISSUER/.test(code);
  const why = isForeign
    ? `its certificate is not one that this machine trusts (${code}). Log on with --ca and the authority of the server`
    : error.message;
  return new RemoteError('CLI_SERVER_UNREACHABLE', `${origin} cannot be asked: ${why}.`, { cause: error });
}

const subjects = ['computer', 'group', 'update', 'user', 'token', 'rule', 'hold', 'ring', 'request'] as const;

/** A refusal by a rule has the code and the words that it has on the server itself. */
function errorOf(document: unknown, status: number, origin: string): Error {
  const { code, detail, subject } = (document ?? {}) as { code?: unknown; detail?: unknown; subject?: unknown };
  if (typeof code !== 'string' || !/^[A-Z][A-Z\d_]{2,63}$/.test(code) || typeof detail !== 'string')
    return new RemoteError(
      'CLI_SERVER_UNREACHABLE',
      `${origin} answers with the HTTP status ${status}, and no problem.`,
    );
  if (code === 'API_UNAUTHENTICATED')
    return new UsageError(`${origin} does not take the token: it ended, or was revoked. Run: moult login ${origin}`);
  if (/^(?:SERVER|ADMINISTRATION)_/.test(code))
    return new AdministrationError(code as AdministrationError['code'], detail, {
      // It becomes a part of the command that is advised.
      subject: subjects.find((one) => one === subject),
    });
  return new RemoteError(code, detail);
}
