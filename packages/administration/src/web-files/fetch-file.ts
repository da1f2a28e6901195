// Fetches a file over http or https into a folder, within bounds: bytes, redirects, silence, whole time. This server
// uses no other way to get files from addresses that others wrote.
import { once } from 'node:events';
import { open, stat, truncate } from 'node:fs/promises';
import { get as getPlain, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { get as getSecure, Agent as HttpsAgent } from 'node:https';
import { fetchBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { proxyOf } from './proxy-of.ts';
import { publicLookup, requirePublicHost } from './public-address.ts';

interface FetchOptions {
  /** Addresses of private networks are allowed. */
  allowsPrivate: boolean;
  maxBytes: number;
  /** Called with the bytes so far. */
  onProgress?: ((bytes: number) => void) | undefined;
  /** A server that the operator named: its addresses may be private, and `authorities` (PEM) certify it. */
  named?: { origin: string; authorities?: readonly string[] | undefined } | undefined;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY of it count. Default: no proxy. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Goes on behind the bytes that `path` has, when the server can do that. Default: `path` must be new. */
  resumes?: boolean;
  /** Waits until so many more bytes may arrive. */
  throttle?: ((bytes: number) => Promise<void>) | undefined;
  signal?: AbortSignal;
  /** Default: `fetch.max-seconds`. */
  maxSeconds?: number;
}

/**
 * Fetches `address` into the file `path`. Answers where it came from after redirects. Throws AdministrationError
 * ADMINISTRATION_FETCH for everything that the other side or the network does, ADMINISTRATION_PRIVATE_ADDRESS. Errors of the
 * disk as they are.
 */
export async function fetchFile(address: string, path: string, options: FetchOptions): Promise<string> {
  const { maxSeconds = fetchBounds.maxSeconds, signal: outer, resumes = false } = options;
  const inTime = AbortSignal.timeout(maxSeconds * 1000);
  const signal = outer ? AbortSignal.any([outer, inTime]) : inTime;
  let url = webAddress(address);
  let from = resumes ? await sizeOf(path) : 0;
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(url, from, options, signal);
    const next = redirectOf(answer, url);
    if (!next && from > 0 && !canContinue(answer, from)) {
      answer.destroy();
      await truncate(path, 0);
      from = 0;
    } else if (!next) {
      // A server may send all of the file though a part was asked for.
      await save(answer, url, { path, from: answer.statusCode === 206 ? from : 0 }, { ...options, resumes });
      return url.href;
    } else {
      answer.destroy();
      url = next;
    }
    if (redirects >= fetchBounds.maxRedirects)
      throw failed(url, `it redirects more than ${fetchBounds.maxRedirects} times`);
  }
}

function webAddress(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new AdministrationError('ADMINISTRATION_FETCH', `"${text}" is not an http or https address.`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function ask(url: URL, from: number, options: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const { allowsPrivate, named, environment = {} } = options;
  const isNamed = url.origin === named?.origin;
  const mayBePrivate = allowsPrivate || isNamed;
  if (!mayBePrivate) requirePublicHost(url);
  const isSecure = url.protocol === 'https:';
  const proxy = proxyOf(url, environment);
  const proxyEnv = proxy === undefined ? {} : { [isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY']: proxy };
  const ca = isNamed && named?.authorities ? { ca: [...named.authorities] } : {};
  const agent = isSecure ? new HttpsAgent({ proxyEnv, ...ca }) : new HttpAgent({ proxyEnv });
  try {
    const request = (isSecure ? getSecure : getPlain)(url, {
      ...{ signal, agent, timeout: fetchBounds.silenceSeconds * 1000 },
      headers: {
        ...{ 'User-Agent': 'Moult', 'Accept-Encoding': 'identity' },
        ...(from > 0 && { Range: `bytes=${from}-` }),
      },
      // A proxy resolves the name itself: it decides what can be reached through it.
      ...(mayBePrivate || proxy !== undefined ? {} : { lookup: publicLookup() }),
    });
    request.on('timeout', () => request.destroy(new Error(`no answer for ${fetchBounds.silenceSeconds} seconds`)));
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    // The stream that is read reports later errors.
    request.on('error', (error) => answer.destroy(error));
    return answer;
  } catch (cause) {
    throw cause instanceof AdministrationError ? cause : failed(url, messageOf(cause), { cause });
  }
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const next = URL.parse(headers.location ?? '', from.href);
  if (!next || (next.protocol !== 'http:' && next.protocol !== 'https:'))
    throw failed(from, 'it redirects to something that is not an http or https address');
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw failed(from, `it redirects to ${next.href}, which is not protected by TLS`);
  return next;
}

/**
 * Whether the answer continues the bytes that are here. It does not if the server has no bytes behind them, because
 * then they are not of this file. Nor does it if the answer begins elsewhere.
 */
function canContinue({ statusCode, headers }: IncomingMessage, from: number): boolean {
  if (statusCode !== 206) return statusCode !== 416;
  const [, start] = /^bytes (\d+)-/.exec(headers['content-range'] ?? '') ?? [];
  return Number(start) === from;
}

async function save(
  answer: IncomingMessage,
  url: URL,
  { path, from }: { path: string; from: number },
  { maxBytes, onProgress, resumes, throttle }: FetchOptions,
): Promise<void> {
  const why = whyNot(answer, from, maxBytes);
  if (why) {
    answer.destroy();
    throw failed(url, why, { httpStatus: answer.statusCode });
  }
  const file = await open(path, from > 0 ? 'a' : resumes ? 'w' : 'wx', 0o600);
  let bytes = from;
  try {
    for await (const piece of piecesOf(answer, url)) {
      bytes += piece.length;
      onProgress?.(bytes);
      if (bytes > maxBytes) throw failed(url, `it has more than the ${maxBytes} bytes allowed here`);
      await throttle?.(piece.length);
      // Written before the next piece is looked at: a line that breaks takes nothing away that came.
      await file.appendFile(piece);
    }
  } finally {
    answer.destroy();
    await file.close();
  }
}

/** The body. Errors of the line are told as such, so that those of the disk are told apart from them. */
async function* piecesOf(answer: IncomingMessage, url: URL): AsyncGenerator<Buffer> {
  try {
    for await (const piece of answer) yield piece as Buffer;
  } catch (cause) {
    throw failed(url, messageOf(cause), { cause });
  }
}

function whyNot({ statusCode, headers }: IncomingMessage, from: number, maxBytes: number): string | undefined {
  const claimed = from + Number(headers['content-length'] ?? 0);
  if (statusCode !== (from === 0 ? 200 : 206)) return `the answer has the HTTP status ${statusCode}`;
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return `the answer is encoded as ${headers['content-encoding']}`;
  return claimed > maxBytes ? `it has ${claimed} bytes; the limit here is ${maxBytes}` : undefined;
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError') return 'it took too long';
  if (cause.name === 'AbortError') return 'it was stopped, or took too long';
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

function failed(
  url: URL,
  why: string,
  more: { cause?: unknown; httpStatus?: number | undefined } = {},
): AdministrationError {
  return new AdministrationError('ADMINISTRATION_FETCH', `${url.href} cannot be fetched: ${why}.`, more);
}
