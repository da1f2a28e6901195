// Finds revisions at an upstream server by the ids of their updates. Microsoft's public service and Moult answer that at
// once. For any other server the lists say it, each fetched once.
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { SyncFilter } from '@moult/store';
import type { OneSession } from './one-session.ts';
import { badAnswer } from './peer.ts';
import { askConfig, askUpdates } from './plan.ts';
import { UpstreamFault } from './session.ts';

export interface UpstreamLookup {
  /** The newest revision of each of these updates. Those that the upstream does not have are left out. */
  newest(ids: Iterable<string>): Promise<Map<string, ListedIdentity>>;
  /** The newest revisions of all updates that the filter fits, in the order of the upstream's list. */
  listed(): Promise<ListedIdentity[]>;
}

/** Without a filter a WSUS lists everything, and Microsoft's public service nothing. */
export function lookupAt(one: OneSession, filter: SyncFilter | undefined): UpstreamLookup {
  const everything: SyncFilter = { categories: [], classifications: [], languages: [] };
  const lists = {
    config: onlyOnce(() => list(one, askConfig(undefined))),
    updates: onlyOnce(() => list(one, askUpdates(filter ?? everything, undefined))),
  };
  return {
    async newest(ids) {
      const left = new Set(ids);
      const found = await related(one, left);
      for (const ask of [lists.config, lists.updates]) {
        for (const id of found.keys()) left.delete(id);
        if (left.size === 0) break;
        for (const [id, identity] of newestOf(await ask())) if (left.has(id)) found.set(id, identity);
      }
      return found;
    },
    listed: async () => [...newestOf(await lists.updates()).values()],
  };
}

/** The answer of the upstream itself. WSUS does not use this operation: a fault says no more than that. */
async function related({ session }: OneSession, ids: ReadonlySet<string>): Promise<Map<string, ListedIdentity>> {
  const found = new Map<string, ListedIdentity>();
  const all = [...ids];
  for (let at = 0; at < all.length; at += idsPerCall) {
    try {
      const updateIds = all.slice(at, at + idsPerCall);
      const told = await session.call('GetRelatedRevisionsForUpdates', { updateIds });
      // Microsoft's public service names updates that belong to these, too.
      for (const [id, identity] of newestOf(told)) if (ids.has(id)) found.set(id, identity);
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error;
      return found;
    }
  }
  return found;
}

const idsPerCall = 50;

async function list({ session, upstream, limits }: OneSession, filter: ReturnType<typeof askConfig>) {
  const { newRevisions = [] } = await session.call('GetRevisionIdList', { filter });
  if (newRevisions.length <= limits.listedRevisions) return newRevisions;
  throw badAnswer(upstream, `its list has more than ${limits.listedRevisions} revisions`);
}

/** Lists name some updates several times, with different revisions. */
function newestOf(identities: readonly ListedIdentity[]): Map<string, ListedIdentity> {
  const newest = new Map<string, ListedIdentity>();
  for (const identity of identities) {
    const known = newest.get(identity.updateId);
    if (!known || known.revisionNumber < identity.revisionNumber) newest.set(identity.updateId, identity);
  }
  return newest;
}

function onlyOnce<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
