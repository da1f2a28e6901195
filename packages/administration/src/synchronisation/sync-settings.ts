// The settings of the server that a synchronisation needs.
import { hostname } from 'node:os';
import type { ServerConfig } from '../config/index.ts';
import type { SyncSettings } from './run-sync.ts';

/**
 * The upstream learns the name of the public address, else that of this machine. Real WSUS refuses text that cannot be
 * a host name.
 */
export function syncSettings({
  upstream,
  upstreamCa,
  publicUrl,
  dataDir,
}: Pick<ServerConfig, 'upstream' | 'upstreamCa' | 'publicUrl'> & Partial<Pick<ServerConfig, 'dataDir'>>): SyncSettings {
  const named = publicUrl === undefined ? hostname() : new URL(publicUrl).hostname;
  const name = named.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[.-]+|[.-]+$/g, '') || 'moult';
  return { upstream, upstreamCa, name, dataDir };
}
