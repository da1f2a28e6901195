// From a raw request to the form that sites see. The path is decoded exactly once. A path that cannot be decoded is not
// a path of ours.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpBounds } from '../bounds.ts';
import { calledHost } from './called-host.ts';
import type { TrustedProxies } from './forwarded.ts';
import type { Exchange, ListenerName } from './site.ts';

/** The proxies that may name the caller, and the names of this server outside. */
export interface Outside {
  proxies: Pick<TrustedProxies, 'passedOn'>;
  /** `--public-url`, without a slash at its end. */
  publicUrl: string | undefined;
}

/** Undefined for a request target that is not a decodable absolute path. */
export function toExchange(
  request: IncomingMessage,
  response: ServerResponse,
  listener: ListenerName,
  receivedAt: Date,
  outside?: Outside,
): Exchange | undefined {
  const target = request.url ?? '';
  const raw = pathPart(target);
  const path = raw.length > httpBounds.maxPathCharacters ? undefined : decodePath(raw);
  if (path === undefined) return undefined;
  const question = target.indexOf('?');
  const localPort = request.socket.localPort ?? 0;
  const passedOn = outside?.proxies.passedOn(request);
  // A proxy that names no host passes on the one that its client called.
  const proxied = passedOn?.proto && `${passedOn.proto}://${passedOn.host ?? calledHost({ request, localPort })}`;
  return {
    request,
    response,
    path,
    route: path.toLowerCase(),
    query: question < 0 ? '' : target.slice(question + 1),
    listener,
    localPort,
    passedOn,
    origin: outside?.publicUrl ?? proxied,
    receivedAt,
  };
}

/** Whether the client spoke HTTPS: to this server, or to a proxy that is trusted. */
export function isSecureExchange({ request, passedOn }: Pick<Exchange, 'request' | 'passedOn'>): boolean {
  const { socket } = request;
  return ('encrypted' in socket && socket.encrypted === true) || passedOn?.proto === 'https';
}

/** Proxies send absolute targets (`GET http://server/path`): the origin is dropped. */
function pathPart(target: string): string {
  const path = target.split(/[?#]/, 1)[0] ?? '';
  return path.replace(/^https?:\/\/[^/]*/i, '') || '/';
}

function decodePath(raw: string): string | undefined {
  if (!raw.startsWith('/')) return undefined;
  // Nearly every path there is: nothing to decode, nothing to collapse.
  if (/^(?:\/[\w.-]+)*\/?$/.test(raw)) return raw;
  try {
    const path = decodeURIComponent(raw)
      .replaceAll('\\', '/')
      .replace(/\/{2,}/g, '/');
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}
