// The name under which a client called. Addresses in answers to the client are made from it.
import { hostIn } from './forwarded.ts';
import type { Exchange } from './site.ts';

/**
 * `name[:port]` of the request target when that is absolute (RFC 9112, 3.2.2), else of the Host header. Of HTTP/1.0 and
 * of what cannot be a host, the address at which the connection arrived.
 */
export function calledHost({ request, localPort }: Pick<Exchange, 'request' | 'localPort'>): string {
  const inTarget = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? '')?.[1];
  const said = hostIn(inTarget ?? request.headers.host ?? '');
  if (said !== undefined) return said;
  const address = (request.socket.localAddress ?? 'localhost').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}

/** `https://name[:port]`: this server as whoever called knows it. */
function calledOrigin(exchange: Exchange): string {
  return (
    exchange.origin ??
    `http${exchange.listener === 'tls' || exchange.listener === 'admin' ? 's' : ''}://${calledHost(exchange)}`
  );
}

/** The URL that was called, without its query. */
export function calledAddress(exchange: Exchange): string {
  return `${calledOrigin(exchange)}${exchange.path}`;
}

/** Of the client itself, behind however many trusted proxies. Undefined when its connection is gone. */
export function clientAddressOf({ request, passedOn }: Pick<Exchange, 'request' | 'passedOn'>): string | undefined {
  return passedOn?.address ?? request.socket.remoteAddress;
}
