// The way to an upstream server: one POST, with everything bounded. Node goes through the proxy of the environment. Redirects
// are not followed: an update server never redirects, but captive portals do.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { decodeXpress } from '@moult/formats/xpress';
import { AdministrationError } from '../errors.ts';
import { isTrustError, untrusted } from './trust.ts';

interface PeerLimits {
  /** Longest silence, in connecting as in receiving. */
  silenceMs: number;
  /** Longest duration of one exchange. */
  answerMs: number;
  /** Of an answer as it arrives, and unpacked. */
  answerBytes: number;
}

interface PeerOptions {
  limits: PeerLimits;
  /** HTTP_PROXY, HTTPS_PROXY and NO_PROXY count. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Authorities (PEM) that its certificate must come from. Without them those of the system and of Node. */
  authorities: readonly string[] | undefined;
  signal: AbortSignal;
}

export interface PeerAnswer {
  status: number;
  text: string;
  /** As they arrived. */
  bytes: number;
  retryAfterSeconds: number | undefined;
}

export interface Peer {
  /**
   * The answer whatever its status. Throws AdministrationError ADMINISTRATION_UPSTREAM_AWAY if it is missing or cut
   * short, and ADMINISTRATION_UPSTREAM_TRUST. Throws ADMINISTRATION_UPSTREAM_ANSWER for one that is too large or in an
   * unknown coding, and ADMINISTRATION_SYNC_STOPPED once `signal` is aborted.
   */
  post(url: URL, soapAction: string, body: string): Promise<PeerAnswer>;
  close(): void;
}

export function createPeer(options: PeerOptions): Peer {
  const { environment, authorities } = options;
  const proxyEnv = { ...environment };
  const agents = {
    'http:': new HttpAgent({ keepAlive: true, proxyEnv }),
    'https:': new HttpsAgent({
      ...{ keepAlive: true, proxyEnv, minVersion: 'TLSv1.2' },
      ...(authorities && { ca: [...authorities] }),
    }),
  };
  return {
    post: async (url, soapAction, body) => {
      if (options.signal.aborted) throw stopped();
      const isSecure = url.protocol === 'https:';
      const request = (isSecure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: isSecure ? agents['https:'] : agents['http:'],
        headers: {
          'Content-Type': 'text/xml; charset=utf-8',
          SOAPAction: `"${soapAction}"`,
          'Accept-Encoding': 'xpress',
          'User-Agent': 'Moult',
          'Content-Length': Buffer.byteLength(body),
        },
        timeout: options.limits.silenceMs,
      });
      return exchange(request, url, body, options);
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

export function stopped(): AdministrationError {
  const message = 'The synchronisation was stopped. The next one continues it.';
  return new AdministrationError('ADMINISTRATION_SYNC_STOPPED', message);
}

function exchange(
  request: ClientRequest,
  url: URL,
  body: string,
  { limits, signal }: PeerOptions,
): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    const finish = (settle: () => void) => {
      clearTimeout(overall);
      signal.removeEventListener('abort', stop);
      settle();
    };
    const fail = (error: Error) => {
      request.destroy();
      finish(() => reject(isOurs(error) ? error : transportError(url, error)));
    };
    const stop = () => fail(stopped());
    const timeOut = () => fail(noAnswer(url, 'it is silent for too long'));
    const overall = setTimeout(timeOut, limits.answerMs);
    signal.addEventListener('abort', stop, { once: true });
    request.on('timeout', timeOut);
    request.on('error', fail);
    request.on('response', (response) => {
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > limits.answerBytes) return fail(tooLarge(url, limits.answerBytes));
        pieces.push(piece);
      });
      response.on('error', fail);
      response.on('aborted', () => fail(noAnswer(url, 'the connection ended within the answer')));
      response.on('end', () => {
        if (!response.complete) return fail(noAnswer(url, 'the connection ended within the answer'));
        try {
          const answer = toAnswer(response, Buffer.concat(pieces), url, limits);
          finish(() => resolve(answer));
        } catch (error) {
          fail(error as Error);
        }
      });
    });
    request.end(body);
  });
}

function toAnswer(response: IncomingMessage, body: Buffer, url: URL, limits: PeerLimits): PeerAnswer {
  const { statusCode: status = 0, headers } = response;
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  const seconds = Number(headers['retry-after']);
  return {
    status,
    text: Buffer.from(decoded(body, encoding, url, limits)).toString('utf8'),
    bytes: body.length,
    retryAfterSeconds: Number.isFinite(seconds) && seconds > 0 ? seconds : undefined,
  };
}

function decoded(body: Buffer, encoding: string, url: URL, { answerBytes }: PeerLimits): Uint8Array {
  if (encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'xpress') throw badAnswer(url, `its answer is in the coding ${encoding}`);
  try {
    return decodeXpress(body, { maxBytes: answerBytes });
  } catch (cause) {
    throw badAnswer(url, `its answer cannot be unpacked (${(cause as Error).message})`, cause);
  }
}

function isOurs(error: Error): boolean {
  return error instanceof AdministrationError;
}

function transportError(url: URL, error: Error): AdministrationError {
  return isTrustError(error) ? untrusted(url, error) : noAnswer(url, error.message, error);
}

function noAnswer(url: URL, why: string, cause?: unknown): AdministrationError {
  const message = `The upstream server ${url.origin} does not answer: ${why}.`;
  return new AdministrationError('ADMINISTRATION_UPSTREAM_AWAY', message, { cause });
}

function tooLarge(url: URL, bytes: number): AdministrationError {
  return badAnswer(url, `its answer has more than ${bytes} bytes`);
}

export function badAnswer(url: URL, why: string, cause?: unknown): AdministrationError {
  // It may quote the answer.
  const told = why.length > charactersTold ? `${why.slice(0, charactersTold)}…` : why;
  const message = `The upstream server ${url.origin} does not answer as an upstream server does: ${told}.`;
  return new AdministrationError('ADMINISTRATION_UPSTREAM_ANSWER', message, { cause });
}

const charactersTold = 500;
