// The names of this server by its settings: those under which browsers may open its pages, and those that clients are told.
import type { ServerConfig } from '@moult/administration/config';
import { calledHost } from './http/called-host.ts';
import { createKnownHosts, type KnownHosts, machineNames, namesInCertificate } from './http/known-hosts.ts';
import type { Exchange } from './http/site.ts';

/** The names under which browsers may open the pages. The public address is one of them. */
export function ownNames(config: ServerConfig): KnownHosts {
  const { host, allowedHosts, publicUrl, tlsPort, tlsCert } = config;
  const given = [allowedHosts, publicUrl && new URL(publicUrl).hostname].filter(Boolean).join(',');
  const certificate = tlsPort === 'off' ? [] : namesInCertificate(tlsCert);
  return createKnownHosts({ host, allowed: given === '' ? undefined : given, machine: machineNames(), certificate });
}

/**
 * Where a client fetches update files: as a setting or a trusted proxy says. Otherwise they are on the main site, over HTTP,
 * under the name that the client called, as with a real WSUS (captures).
 */
export function contentRoot(
  exchange: Exchange,
  { contentUrl }: Pick<ServerConfig, 'contentUrl'>,
  mainPort: number,
): string {
  const told = contentUrl ?? exchange.origin;
  if (told !== undefined) return told;
  const host = calledHost(exchange);
  // Behind a mapped port the client knows better than we do, as long as it came to the main site itself.
  return exchange.listener === 'main' ? `http://${host}` : `http://${host.replace(/:\d+$/, '')}:${mainPort}`;
}
