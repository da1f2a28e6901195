// The names of this server by its settings: those under which browsers may open its pages, and those that clients are told.
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { acmeNamesOf, type ServerConfig, tlsPortOf } from '@moult/administration/config';
import { calledHost } from './http/called-host.ts';
import { createKnownHosts, type KnownHosts, machineNames, namesInCertificate } from './http/known-hosts.ts';
import type { Exchange } from './http/site.ts';

/** The names under which browsers may open the pages. The public address is one of them. */
export function ownNames(config: ServerConfig): KnownHosts {
  const { host, allowedHosts, publicUrl, tlsCert } = config;
  const given = [allowedHosts, publicUrl && new URL(publicUrl).hostname, ...acmeNamesOf(config)]
    .filter(Boolean)
    .join(',');
  const certificate = tlsPortOf(config).port === 'off' ? [] : namesInCertificate(tlsCert);
  return createKnownHosts({ host, allowed: given === '' ? undefined : given, machine: machineNames(), certificate });
}

/** The names and addresses that this server is reached by, for its certificate: of its settings and of this machine. */
export function reachedNames({ host, allowedHosts = '', publicUrl }: ServerConfig): string[] {
  const called = publicUrl === undefined ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')];
  const isBound = host !== undefined && host !== '::' && host !== '0.0.0.0';
  const given = allowedHosts.split(',').map((name) => name.trim());
  const addresses = isBound
    ? [host]
    : Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address.split('%')[0] ?? ''));
  const wanted = [...called, ...machineNames(), ...given, 'localhost', ...addresses, '127.0.0.1', '::1']
    .map((name) => name.toLowerCase())
    // A link-local address has a zone, which no certificate can name.
    .filter((name) =>
      isIP(name) !== 0 ? !/^fe[89ab]/.test(name) : /^(?:\*\.)?[a-z\d](?:[\w.-]*[a-z\d])?$/.test(name),
    );
  return [...new Set(wanted)].slice(0, mostNames);
}

/** Enough for any machine, and a certificate that is still small. */
const mostNames = 100;

/**
 * The address of update files: as a setting or a trusted proxy says. Otherwise they are on the main site, over HTTP,
 * under the name that the client called, as with WSUS (captures).
 */
export function contentRoot(
  exchange: Exchange,
  { contentUrl }: Pick<ServerConfig, 'contentUrl'>,
  mainPort: number,
): string {
  const told = contentUrl ?? exchange.origin;
  if (told !== undefined) return told;
  const host = calledHost(exchange);
  // Behind a mapped port the client knows better than we do, if it came to the main site itself.
  return exchange.listener === 'main' ? `http://${host}` : `http://${host.replace(/:\d+$/, '')}:${mainPort}`;
}
