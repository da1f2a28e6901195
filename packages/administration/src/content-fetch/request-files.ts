// Asks an upstream server to fetch files that it knows and does not have: a WSUS that fetches only approved files has not those
// of others. One file per call, as Windows does it.
import type { Log, Store } from '@moult/store';
import type { ServerConfig } from '../config/index.ts';
import { AdministrationError } from '../errors.ts';
import { accountId } from '../synchronisation/account.ts';
import { upstreamBounds } from '../synchronisation/bounds.ts';
import { createPeer } from '../synchronisation/peer.ts';
import { createSession, UpstreamFault } from '../synchronisation/session.ts';
import { syncSettings } from '../synchronisation/sync-settings.ts';

interface RequestParts {
  store: Store;
  config: Pick<ServerConfig, 'upstream' | 'upstreamCa' | 'publicUrl'>;
  upstream: URL;
  authorities: readonly string[] | undefined;
  log: Log;
  environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  random?(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

/** Answers the files (SHA-1) that the upstream was asked for. The log names its refusals, which stop nothing. */
export async function requestFiles(parts: RequestParts, sha1s: readonly string[]): Promise<Set<string>> {
  const { store, config, upstream, authorities, environment, now, random = Math.random, signal, log } = parts;
  const requested = new Set<string>();
  const peer = createPeer({ limits: upstreamBounds, environment, authorities, signal });
  try {
    const session = createSession({
      ...{ peer, upstream, now, random, limits: upstreamBounds, count: () => undefined },
      account: { name: syncSettings(config).name, id: await accountId(store) },
      wait: (ms) => parts.wait(ms, signal),
    });
    for (const sha1 of sha1s) {
      try {
        await session.requestFile(Buffer.from(sha1, 'hex'));
        requested.add(sha1);
      } catch (error) {
        if (!(error instanceof UpstreamFault)) throw error;
        log.info({ sha1, code: error.code }, 'the upstream server does not know an update file');
      }
    }
  } catch (error) {
    if (!(error instanceof AdministrationError)) throw error;
    log.info({ err: error }, 'the upstream server could not be asked for update files');
  } finally {
    peer.close();
  }
  return requested;
}
