// The rounds of SyncUpdates (MS-WUSP 3.1.5.7 and the client's side of it): what is installed decides what is offered
// next, until the server has nothing more. Then one driver pass.

import type { MachineFacts } from '@moult/catalog/applicability';
import { type Cookie, clientWebService, type SyncInfo } from '@moult/protocol/client-web-service';
import { hresult } from '@moult/protocol/hresult';
import { programBounds } from '../../bounds.ts';
import { AgentError } from '../../errors.ts';
import type { WebServices } from '../web-services.ts';
import { evaluateCache, type Scopes } from './evaluate.ts';
import type { ServerSession } from './server-session.ts';
import type { UpdateCache } from './update-cache.ts';

interface SyncParts {
  services: WebServices;
  session: ServerSession;
  cache: UpdateCache;
  facts: MachineFacts;
  cover: Scopes;
  /** Whether the last evaluation of a revision was `installed`, for the next scan's first round. */
  note(text: string): void;
}

/** Brings the cache up to the server's word. Throws AgentError AGENT_SYNC_… or AGENT_TRANSPORT_…. */
export async function synchronize(parts: SyncParts): Promise<void> {
  const { cache, note } = parts;
  let driversWanted = true;
  for (let trip = 1; ; trip++) {
    if (trip > programBounds.maxTrips) throw tooManyTrips();
    const answer = await syncOnce(parts, false);
    const added = apply(parts, answer);
    driversWanted = answer.driverSyncNotNeeded !== 'true';
    note(
      `  + SyncUpdates round trip ${trip}: ${answer.newUpdates.length} new, ${answer.outOfScopeRevisionIds.length} out of scope, ${answer.changedUpdates.length} changed`,
    );
    const mayUnlock = answer.newUpdates.some(({ isLeaf }) => !isLeaf);
    if (answer.newUpdates.length === 0 || added === 0 || !(answer.truncated || mayUnlock)) break;
  }
  if (driversWanted) apply(parts, await syncOnce(parts, true));
  cache.save();
}

async function syncOnce({ services, session, cache, facts, cover }: SyncParts, drivers: boolean): Promise<SyncInfo> {
  return session.call(async (cookie: Cookie) => {
    // Built again for every try: after RefreshCache the same revisions have other ids.
    const { installedNonLeaf, others, cachedDrivers } = cacheLists(cache, facts, cover);
    const { result } = await services.call(clientWebService, 'SyncUpdates', {
      cookie,
      parameters: {
        expressQuery: false,
        installedNonLeafUpdateIds: installedNonLeaf,
        otherCachedUpdateIds: others,
        systemSpec: [],
        cachedDriverIds: cachedDrivers,
        skipSoftwareSync: drivers,
        filterCategoryIds: [],
        needTwoGroupOutOfScopeUpdates: true,
      },
    });
    if (!result)
      throw new AgentError('AGENT_SYNC_BAD_ANSWER', 'SyncUpdates returned nothing.', { hresult: hresult.soapParse });
    session.keepCookie(result.newCookie);
    return result;
  });
}

/** Rule 4: installed and not a leaf. Drivers. Everything else. */
function cacheLists(cache: UpdateCache, facts: MachineFacts, cover: Scopes) {
  const { own } = evaluateCache(cache, facts, cover);
  const lists = { installedNonLeaf: [] as number[], others: [] as number[], cachedDrivers: [] as number[] };
  for (const { revisionId, isLeaf, core } of cache.all()) {
    if (core.updateType === 'Driver') lists.cachedDrivers.push(revisionId);
    else if (
      !isLeaf &&
      own.get(revisionId) === 'installed' &&
      lists.installedNonLeaf.length < programBounds.maxInstalledNonLeaf
    ) {
      lists.installedNonLeaf.push(revisionId);
    } else lists.others.push(revisionId);
  }
  return lists;
}

/** Rule 5. Answers how many revisions the cache did not hold before. */
function apply({ cache, note }: SyncParts, answer: SyncInfo): number {
  let added = 0;
  cache.remove(answer.outOfScopeRevisionIds);
  cache.remove(answer.deployedOutOfScopeRevisionIds);
  for (const { id, isLeaf, deployment } of answer.changedUpdates) cache.change(id, isLeaf, deployment);
  for (const { id, isLeaf, deployment, xml } of answer.newUpdates) {
    if (!xml) continue;
    if (!cache.get(id)) added += 1;
    try {
      cache.put({ revisionId: id, isLeaf, deployment, xml: xml.text });
    } catch (error) {
      note(
        `  * WARNING: revision ${id} cannot be read and is passed over: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return added;
}

function tooManyTrips(): AgentError {
  const text = `The server had more to say after ${programBounds.maxTrips} round trips; this scan is given up.`;
  return new AgentError('AGENT_SYNC_TOO_MANY_TRIPS', text, { hresult: hresult.tooManyTrips });
}
