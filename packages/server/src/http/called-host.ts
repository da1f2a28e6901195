// The name under which a client called. Addresses in answers to the client are made from it.
import type { Exchange } from './site.ts';

/**
 * `name[:port]` of the request target when that is absolute (RFC 9112, 3.2.2), else of the Host header; of HTTP/1.0 and of
 * what cannot be a host, the address at which the connection arrived.
 */
export function calledHost({ request, localPort }: Pick<Exchange, 'request' | 'localPort'>): string {
  const inTarget = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? '')?.[1];
  const said = inTarget ?? request.headers.host ?? '';
  if (/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(said)) return said;
  const address = (request.socket.localAddress ?? 'localhost').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}

/** The URL that was called, without its query. */
export function calledAddress(exchange: Exchange): string {
  return `http${exchange.listener === 'tls' ? 's' : ''}://${calledHost(exchange)}${exchange.path}`;
}
