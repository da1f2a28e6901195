// Fetches a file over http or https into a folder, within bounds: bytes, redirects, silence, whole time.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fetchBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { publicLookup, requirePublicHost } from './public-address.ts';

interface FetchOptions {
  /** Addresses of private networks are allowed. */
  allowsPrivate: boolean;
  maxBytes: number;
  /** Called with the bytes so far. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Fetches `address` into the new file `path`; answers where it came from after redirects. Throws AdministrationError
 * ADMINISTRATION_FETCH for everything that the other side or the network does, ADMINISTRATION_PRIVATE_ADDRESS; errors of the
 * disk as they are.
 */
export async function fetchFile(address: string, path: string, options: FetchOptions): Promise<string> {
  const signal = AbortSignal.timeout(fetchBounds.maxSeconds * 1000);
  let url = webAddress(address);
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(url, options, signal);
    const next = redirectOf(answer, url);
    if (!next) {
      await save(answer, url, path, options);
      return url.href;
    }
    answer.destroy();
    if (redirects >= fetchBounds.maxRedirects)
      throw failed(url, `it redirects more than ${fetchBounds.maxRedirects} times`);
    url = next;
  }
}

function webAddress(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new AdministrationError('ADMINISTRATION_FETCH', `"${text}" is not an http or https address.`);
}

async function ask(url: URL, { allowsPrivate }: FetchOptions, signal: AbortSignal): Promise<IncomingMessage> {
  if (!allowsPrivate) requirePublicHost(url);
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  try {
    const request = get(url, {
      ...{ signal, agent: false, timeout: fetchBounds.silenceSeconds * 1000 },
      headers: { 'User-Agent': 'Moult', 'Accept-Encoding': 'identity' },
      ...(allowsPrivate ? {} : { lookup: publicLookup() }),
    });
    request.on('timeout', () => request.destroy(new Error(`no answer for ${fetchBounds.silenceSeconds} seconds`)));
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    // What comes later is told by the stream that is read.
    request.on('error', (error) => answer.destroy(error));
    return answer;
  } catch (cause) {
    throw cause instanceof AdministrationError ? cause : failed(url, messageOf(cause), cause);
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

async function save(answer: IncomingMessage, url: URL, path: string, options: FetchOptions): Promise<void> {
  const { maxBytes, onProgress } = options;
  const { statusCode, headers } = answer;
  const claimed = Number(headers['content-length'] ?? 0);
  const why =
    statusCode !== 200
      ? `the answer has the HTTP status ${statusCode}`
      : (headers['content-encoding'] ?? 'identity') !== 'identity'
        ? `the answer is encoded as ${headers['content-encoding']}`
        : claimed > maxBytes
          ? `it has ${claimed} bytes; the limit here is ${maxBytes}`
          : undefined;
  if (why) {
    answer.destroy();
    throw failed(url, why);
  }
  let bytes = 0;
  const counted = new Transform({
    transform(piece: Buffer, _, done) {
      bytes += piece.length;
      onProgress?.(bytes);
      done(bytes > maxBytes ? failed(url, `it has more than the ${maxBytes} bytes allowed here`) : null, piece);
    },
  });
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  let ofDisk: unknown;
  file.on('error', (error) => {
    ofDisk = error;
  });
  try {
    await pipeline(answer, counted, file);
  } catch (cause) {
    if (cause instanceof AdministrationError || cause === ofDisk) throw cause;
    throw failed(url, messageOf(cause), cause);
  }
}

function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === 'TimeoutError' || cause.name === 'AbortError')
    return `it took longer than ${fetchBounds.maxSeconds} seconds`;
  return cause.message || ('code' in cause ? String(cause.code) : cause.name);
}

function failed(url: URL, why: string, cause?: unknown): AdministrationError {
  return new AdministrationError('ADMINISTRATION_FETCH', `${url.href} cannot be fetched: ${why}.`, { cause });
}
