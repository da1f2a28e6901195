// Fetches the updates that a synchronisation listed, in several sessions at once, and has each answer staged.
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { Store } from '@moult/store';
import type { upstreamBounds } from './bounds.ts';
import { countRefusals, type Fetched, fetchBatch } from './fetch-batch.ts';
import { encryptedIn, fetchKeys, type KeyQuestions } from './fetch-keys.ts';
import type { UpstreamSession } from './session.ts';

interface Fetching {
  store: Store;
  upstream: URL;
  limits: typeof upstreamBounds;
  sessions: readonly UpstreamSession[];
  /** In one call, as the upstream server says. */
  maxUpdates: number;
  /** How keys of encrypted files are asked for. Undefined: not at all. */
  keys: Omit<KeyQuestions, 'session'> | undefined;
  stage(fetched: Fetched): Promise<void>;
  /** Ends the exchanges of the other sessions. */
  giveUp(because: unknown): void;
}

/** Throws as fetchBatch and the store do, once all sessions have ended. */
export async function fetchListed(fetching: Fetching): Promise<void> {
  const { store, upstream, limits, sessions, maxUpdates, keys, stage, giveUp } = fetching;
  const next = batchesOf(store, Math.min(maxUpdates, limits.updatesPerCall));
  const refusals = countRefusals(upstream, limits.refusals);
  const held: Fetched['failures'][number][] = [];
  // Refusals count once the upstream has answered something after them: one that answers nothing is broken, not they.
  const take = async (fetched: Fetched) => {
    const isRefusal = fetched.revisions.length === 0 && fetched.failures.length === 1;
    if (isRefusal) held.push(...fetched.failures);
    else await stage({ ...fetched, failures: [...fetched.failures, ...held.splice(0)] });
  };
  const withKeys = async (fetched: Fetched, session: UpstreamSession): Promise<Fetched> => {
    const files = keys ? encryptedIn(fetched.revisions) : [];
    return keys && files.length > 0 ? { ...fetched, keys: await fetchKeys({ ...keys, session }, files) } : fetched;
  };
  const work = async (session: UpstreamSession) => {
    for (let batch = await next(); batch.length > 0; batch = await next()) {
      for await (const fetched of fetchBatch({ upstream, session, limits, refusals }, batch))
        await take(await withKeys(fetched, session));
    }
  };
  await allOrNone(sessions.map(work), giveUp);
  if (held.length > 0) await stage({ revisions: [], failures: held, sources: [] });
}

/** The next batch for whoever asks, one asking at a time. */
function batchesOf(store: Store, size: number): () => Promise<ListedIdentity[]> {
  let after = 0;
  let turn: Promise<ListedIdentity[]> = Promise.resolve([]);
  const take = async () => {
    const rows = await store.loadWanted(after, size);
    after = rows.at(-1)?.position ?? after;
    return rows.map(({ identity }) => identity);
  };
  return () => {
    turn = turn.then(take);
    return turn;
  };
}

/** Waits for all. The first error is told at once, so that the others end, and thrown when they have. */
async function allOrNone(work: readonly Promise<void>[], onError: (error: unknown) => void): Promise<void> {
  for (const one of work) one.catch(onError);
  const results = await Promise.allSettled(work);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}
