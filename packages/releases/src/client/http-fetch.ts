// GET over node:http and node:https with everything bounded: silence, whole time, speed, bytes, tries. Redirects are
// not followed: a repository never redirects, but captive portals do.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { httpLimits } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import { type Fetch, type FetchAnswer, type FetchRequest, isRangeAsked } from './fetch.ts';

interface HttpFetchOptions {
  userAgent: string;
  limits?: Partial<HttpLimits>;
  /** Certificates to trust for https in place of the system's. */
  ca?: string | string[];
  headers?: Record<string, string>;
  /** Waits between tries. A test passes its own. */
  wait?: (milliseconds: number) => Promise<void>;
}

export interface HttpLimits {
  /** Longest silence, in connecting as in receiving. */
  silenceMs: number;
  /** A body must come at least this fast, measured over each `speedWindowMs`. Defends against slow retrieval. */
  leastBytesPerSecond: number;
  speedWindowMs: number;
  /** Tries in all, when the server is busy (408, 429, 5xx) or the connection breaks. */
  tries: number;
  /** The longest wait that a server's Retry-After is granted. */
  longestWaitMs: number;
}

/** A Fetch over HTTP and HTTPS. Tries again only while nothing was received. */
export function createHttpFetch(options: HttpFetchOptions): Fetch {
  const limits = { ...httpLimits, ...options.limits };
  const wait = options.wait ?? ((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));
  return async (request) => {
    for (let tried = 1; ; tried += 1) {
      let received = false;
      const receive: FetchRequest['receive'] = (piece, answer) => {
        received = true;
        request.receive(piece, answer);
      };
      try {
        return await get({ ...request, receive }, options, limits);
      } catch (error) {
        if (received || tried >= limits.tries || !isWorthAnotherTry(error)) throw error;
        await wait(waitAfter(error, tried, limits));
      }
    }
  };
}

function isWorthAnotherTry(error: unknown): error is ReleaseError {
  if (!(error instanceof ReleaseError)) return false;
  if (error.code === 'RELEASE_FETCH_FAILED') return true;
  const { status = 0 } = error;
  return error.code === 'RELEASE_FETCH_STATUS' && (status === 408 || status === 429 || status >= 500);
}

function waitAfter(error: ReleaseError, tried: number, { longestWaitMs }: HttpLimits): number {
  const asked = error.retryAfterSeconds === undefined ? 250 * 2 ** tried : error.retryAfterSeconds * 1000;
  return Math.min(asked, longestWaitMs);
}

function get(request: FetchRequest, options: HttpFetchOptions, limits: HttpLimits): Promise<FetchAnswer> {
  const { url, offset = 0 } = request;
  return new Promise((resolve, reject) => {
    const secure = url.toLowerCase().startsWith('https:');
    const sent = (secure ? process.getBuiltinModule('node:https').request : httpRequest)(url, {
      agent: false,
      timeout: limits.silenceMs,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      headers: {
        'User-Agent': options.userAgent,
        Accept: '*/*',
        Connection: 'close',
        ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}),
        ...(request.noCache ? { 'Cache-Control': 'no-cache', Pragma: 'no-cache' } : {}),
        ...options.headers,
      },
    });
    const headersIn = setTimeout(() => sent.destroy(tooSlow(url)), limits.speedWindowMs);
    sent.on('timeout', () => sent.destroy(tooSlow(url)));
    sent.on('close', () => clearTimeout(headersIn));
    sent.on('error', (error) => reject(error instanceof ReleaseError ? error : failed(url, error)));
    sent.on('response', (response) => {
      clearTimeout(headersIn);
      const fail = (error: ReleaseError) => {
        reject(error);
        sent.destroy();
      };
      const answer = answerOf(response, request);
      if (answer instanceof ReleaseError) fail(answer);
      else receiveBody(response, request, answer, limits, fail, () => resolve(answer));
    });
    sent.end();
  });
}

function receiveBody(
  response: IncomingMessage,
  { url, maxBytes, receive }: FetchRequest,
  answer: FetchAnswer,
  limits: HttpLimits,
  fail: (error: ReleaseError) => void,
  done: () => void,
): void {
  let received = 0;
  let atWindowStart = 0;
  const least = (limits.leastBytesPerSecond * limits.speedWindowMs) / 1000;
  const speed = setInterval(() => {
    if (received - atWindowStart < least) fail(tooSlow(url));
    atWindowStart = received;
  }, limits.speedWindowMs);
  response.on('close', () => clearInterval(speed));
  response.on('data', (piece: Buffer) => {
    received += piece.length;
    if (received > maxBytes) return fail(tooLarge(url, maxBytes));
    try {
      receive(piece, answer);
    } catch (cause) {
      fail(cause instanceof ReleaseError ? cause : failed(url, cause));
    }
  });
  response.on('error', (error) => fail(failed(url, error)));
  response.on('end', () => (response.complete ? done() : fail(failed(url, undefined))));
  response.on('aborted', () => fail(failed(url, undefined)));
}

function answerOf(response: IncomingMessage, { url, offset = 0, maxBytes }: FetchRequest): FetchAnswer | ReleaseError {
  const { statusCode: status = 0, headers } = response;
  if (status === 200) return { offset: 0 };
  if (status === 206) {
    if (offset > 0 && isRangeAsked(headers['content-range'], offset, maxBytes)) return { offset };
  }
  const retryAfterSeconds = retryAfter(headers['retry-after']);
  return new ReleaseError('RELEASE_FETCH_STATUS', `${url} answered ${status}.`, {
    status,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

/** Seconds only: the form with a date needs a clock that is right. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header.trim()) ? Number(header) : undefined;
}

function tooSlow(url: string): ReleaseError {
  return new ReleaseError('RELEASE_FETCH_TOO_SLOW', `${url} sends nothing, or too slowly.`);
}

function tooLarge(url: string, maxBytes: number): ReleaseError {
  return new ReleaseError('RELEASE_FETCH_TOO_LARGE', `${url} sends more than the ${maxBytes} bytes that are taken.`);
}

function failed(url: string, cause: unknown): ReleaseError {
  const why = cause instanceof Error ? cause.message : 'the connection ended before the file did';
  return new ReleaseError('RELEASE_FETCH_FAILED', `${url} cannot be fetched: ${why}.`, { cause });
}
