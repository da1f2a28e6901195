// One session with the upstream server for a question outside of a synchronisation. Nothing is staged, and anchors stay.
import { AdministrationError } from '../errors.ts';
import { accountId } from './account.ts';
import { upstreamBounds } from './bounds.ts';
import { createPeer, stopped } from './peer.ts';
import { onlyReading } from './reading-peer.ts';
import { type SyncParts, upstreamUrl } from './run-sync.ts';
import { createSession, refused, UpstreamFault, type UpstreamSession } from './session.ts';
import { authoritiesFor } from './trust.ts';

export interface UpstreamParts extends Omit<SyncParts, 'onProgress'> {
  /** Calls that change something at the upstream server are not sent. */
  isReadOnly?: boolean;
}

export interface OneSession {
  session: UpstreamSession;
  upstream: URL;
  limits: typeof upstreamBounds;
  /** Of the exchanges so far. */
  counts: { calls: number; bytes: number };
}

/** Does `work` in a session. Throws AdministrationError ADMINISTRATION_UPSTREAM_…, and what `work` throws. */
export async function withSession<T>(parts: UpstreamParts, work: (one: OneSession) => Promise<T>): Promise<T> {
  const { store, settings, environment, signal, now, random, wait } = parts;
  const upstream = upstreamUrl(settings.upstream);
  const limits = { ...upstreamBounds, ...parts.bounds };
  const authorities = await authoritiesFor(upstream, {
    caFile: settings.upstreamCa,
    pinnedRoot: parts.pinnedRoot,
    timeoutMs: limits.silenceMs,
    hasProxy: ['https_proxy', 'HTTPS_PROXY'].some((name) => environment[name]),
  });
  const anyPeer = createPeer({ limits, environment, authorities, signal });
  const peer = parts.isReadOnly ? onlyReading(anyPeer) : anyPeer;
  const counts = { calls: 0, bytes: 0 };
  const account = { name: settings.name, id: await accountId(store) };
  const session = createSession({
    ...{ peer, upstream, account, now, random, limits },
    wait: async (ms) => {
      await wait(ms, signal);
      if (signal.aborted) throw stopped();
    },
    count: ({ calls, bytes }) => {
      counts.calls += calls;
      counts.bytes += bytes;
    },
  });
  try {
    return await work({ session, upstream, limits, counts });
  } catch (error) {
    if (error instanceof UpstreamFault) throw refused(upstream, error);
    throw isStop(error) ? stoppedCommand(error) : error;
  } finally {
    peer.close();
  }
}

function isStop(error: unknown): error is AdministrationError {
  return error instanceof AdministrationError && error.code === 'ADMINISTRATION_SYNC_STOPPED';
}

/** Only exchanges are stopped, and all of them come before the first write. */
function stoppedCommand(cause: AdministrationError): AdministrationError {
  return new AdministrationError(cause.code, 'The command was stopped, and changed nothing. Run it again.', { cause });
}
