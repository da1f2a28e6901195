// The viewer of the home page: somebody on the server itself, or anybody. The home page has no log-on. Only viewers who
// can read the database as well see names of computers.
import type { IncomingMessage } from 'node:http';
import { askedHost, isLoopbackHost } from './known-hosts.ts';

/**
 * Whether a request was made on this machine, for this machine: over a loopback address, by a loopback name, and not
 * passed on by a proxy. A proxy that says nothing of itself cannot be told: docs/home-page.md says what to do then.
 */
export function isLocalViewer(request: IncomingMessage): boolean {
  const { remoteAddress } = request.socket;
  const host = askedHost(request);
  if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) return false;
  if (host === undefined || !isLoopbackHost(host)) return false;
  // No browser speaks HTTP/1.0. Nginx does, to the server behind it, and with that server's own name.
  if (request.httpVersion === '1.0') return false;
  return !Object.keys(request.headers).some((name) => passedOn.test(name));
}

// No browser and no page of ours sends a header that begins with x-. Proxies have dozens of them.
const passedOn =
  /^(forwarded|via|x-.*|(cf|fastly|fly|akamai)-.*|true-client-ip|client-ip|remote-(addr|ip)|max-forwards|cdn-loop|proxy-.*)$/;

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./i.test(address);
}
