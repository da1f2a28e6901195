// The software pass of SyncUpdates as a decision over plain values (MS-WUSP 3.1.5.7). The answer depends only on the
// client's lists, the catalog and the deployments. The protocol keeps no state in between, so a page cut short is
// continued by the next request's lists.
import type { CatalogIndex, IndexedRevision } from '../graph/index.ts';
import type { RevisionId, UpdateId } from '../ids.ts';
import type { DeploymentSet } from './deployment-set.ts';
import { Scope, type SyncedRevision } from './scope.ts';

export interface SyncRequest {
  /** InstalledNonLeafUpdateIDs: this list alone satisfies prerequisites. */
  installedNonLeaf: readonly RevisionId[];
  /** OtherCachedUpdateIDs. */
  otherCached: readonly RevisionId[];
  /** FilterCategoryIds. Empty unless this is a category scan. */
  filterCategoryIds: readonly UpdateId[];
  needTwoGroupOutOfScope: boolean;
  /** `anchor` of the last decision this client got. Absent when unknown. */
  anchor?: number;
  /** At most so many new revisions in one answer. */
  maxNew: number;
}

export interface SyncDecision {
  newRevisions: SyncedRevision[];
  /** Cached, still needed, and deployment or IsLeaf changed since `anchor`. */
  changed: SyncedRevision[];
  outOfScope: RevisionId[];
  /** Only with needTwoGroupOutOfScope: still deployed, but not needed by this scan. */
  deployedOutOfScope: RevisionId[];
  truncated: boolean;
  /** To be kept in the client's cookie. */
  anchor: number;
  /** No driver is in scope: the driver pass can be left out. */
  driverSyncNotNeeded: boolean;
}

/**
 * The answer to a client with these lists. Unknown revision ids are out of scope, never an error. Costs what is cached
 * and new for this client, not what the catalog holds.
 */
export function decideSync(index: CatalogIndex, deployments: DeploymentSet, request: SyncRequest): SyncDecision {
  const scope = scopeOf(index, deployments);
  const filter = request.filterCategoryIds.length > 0 ? scope.filteredBy(request.filterCategoryIds) : undefined;
  const signatures = index.prerequisites.satisfiedBy(installedUpdates(index, request.installedNonLeaf));
  const cached = sortCached(index, scope, request, filter);
  const { page, truncated } = cutPage(scope, signatures, request.maxNew, filter);
  return {
    newRevisions: page.map((slot) => scope.synced(slot)).filter(isDefined),
    ...cached,
    truncated,
    anchor: Math.max(scope.lastChange, index.lastLeafChange),
    driverSyncNotNeeded: !scope.hasDrivers,
  };
}

const scopes = new WeakMap<DeploymentSet, Scope>();

/** The current scope of a deployment set. Kept until the catalog or the set changes. */
export function scopeOf(index: CatalogIndex, deployments: DeploymentSet): Scope {
  const known = scopes.get(deployments);
  if (known && known.index === index && known.isCurrent()) return known;
  const scope = new Scope(index, deployments);
  scopes.set(deployments, scope);
  return scope;
}

/** Slots of the updates behind installed revisions. */
export function installedUpdates(index: CatalogIndex, installed: readonly RevisionId[]): number[] {
  const updates: number[] = [];
  for (const revisionId of installed) {
    const slot = index.slotOf(revisionId);
    if (slot >= 0) updates.push(index.updateSlotOf(slot));
  }
  return updates;
}

type CachedLists = Pick<SyncDecision, 'changed' | 'outOfScope' | 'deployedOutOfScope'>;

/** Sorts what the client has, and marks in the scope what it keeps: that is not new. */
function sortCached(
  index: CatalogIndex,
  scope: Scope,
  request: SyncRequest,
  filter: Uint8Array | undefined,
): CachedLists {
  const lists: CachedLists = { changed: [], outOfScope: [], deployedOutOfScope: [] };
  const dropped = new Set<RevisionId>();
  scope.unmark();
  for (const list of [request.installedNonLeaf, request.otherCached]) {
    for (const revisionId of list) {
      const slot = index.slotOf(revisionId);
      if (slot >= 0 && isNeeded(index, scope, slot, filter)) {
        if (scope.mark(slot) && mustBeTold(index, scope, slot, request.anchor)) {
          lists.changed.push(...[scope.synced(slot)].filter(isDefined));
        }
      } else dropped.add(revisionId);
    }
  }
  for (const revisionId of dropped) {
    const isDeployed = request.needTwoGroupOutOfScope && scope.has(index.slotOf(revisionId));
    (isDeployed ? lists.deployedOutOfScope : lists.outOfScope).push(revisionId);
  }
  return lists;
}

function isNeeded(index: CatalogIndex, scope: Scope, slot: number, filter: Uint8Array | undefined): boolean {
  return (
    scope.hasSoftware(slot) &&
    (!filter || filter[slot] === 1) &&
    index.prerequisites.isSatisfied(index.signatureOf(slot))
  );
}

function mustBeTold(index: CatalogIndex, scope: Scope, slot: number, anchor: number | undefined): boolean {
  if (anchor !== undefined) return scope.hasChangedSince(slot, anchor);
  const revision = index.at(slot);
  return revision !== undefined && hasChanged(scope, revision, anchor);
}

/**
 * Without an anchor nothing is known of what the client holds: decisions are repeated, what follows of itself is not.
 */
export function hasChanged(scope: Scope, revision: IndexedRevision, anchor: number | undefined): boolean {
  const { leafChangedAt } = revision.update;
  if (anchor === undefined) {
    return leafChangedAt > revision.addedAt || scope.deployments.get(revision.revisionId) !== undefined;
  }
  return scope.hasChangedSince(revision.slot, anchor);
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

/** The first `maxNew` in page order. Each signature gives its own first ones. Those are merged by sorting. */
function cutPage(
  scope: Scope,
  signatures: readonly number[],
  maxNew: number,
  filter: Uint8Array | undefined,
): { page: number[]; truncated: boolean } {
  const candidates: number[] = [];
  let sources = 0;
  for (const id of signatures) {
    let taken = 0;
    for (const slot of scope.softwareWith(id)) {
      if (scope.isMarked(slot) || (filter && filter[slot] !== 1)) continue;
      candidates.push(slot);
      if (++taken > maxNew) break;
    }
    if (taken > 0) sources++;
  }
  if (sources > 1) candidates.sort((a, b) => scope.compare(a, b));
  return { page: candidates.slice(0, maxNew), truncated: candidates.length > maxNew };
}
