// The software pass of SyncUpdates as a decision over plain values (MS-WUSP 3.1.5.7).
// The answer depends only on the client's lists, the catalogue and the deployments; there is no state in between, so
// a page cut short is continued by the next request's lists.
import type { CatalogIndex, IndexedRevision } from '../graph/index.ts';
import type { RevisionId, UpdateId } from '../ids.ts';
import type { DeploymentSet, EffectiveDeployment } from './deployment-set.ts';
import { Scope } from './scope.ts';

export interface SyncRequest {
  /** InstalledNonLeafUpdateIDs: this list alone satisfies prerequisites. */
  installedNonLeaf: readonly RevisionId[];
  /** OtherCachedUpdateIDs. */
  otherCached: readonly RevisionId[];
  /** FilterCategoryIds; empty unless this is a category scan. */
  filterCategoryIds: readonly UpdateId[];
  needTwoGroupOutOfScope: boolean;
  /** `anchor` of the last decision this client got; absent when unknown. */
  anchor?: number;
  /** At most so many new revisions in one answer. */
  maxNew: number;
}

export interface SyncedRevision {
  revisionId: RevisionId;
  deployment: EffectiveDeployment;
  isLeaf: boolean;
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
 * What a client with these lists is told. Unknown revision ids are out of scope, never an error. Costs what is
 * cached and new for this client, not what the catalogue holds.
 */
export function decideSync(index: CatalogIndex, deployments: DeploymentSet, request: SyncRequest): SyncDecision {
  const scope = scopeOf(index, deployments);
  const filter = request.filterCategoryIds.length > 0 ? scope.filteredBy(request.filterCategoryIds) : undefined;
  const inScan = (slot: number) => scope.has(slot) && (!filter || filter[slot] === 1);

  const signatures = index.prerequisites.satisfiedBy(installedUpdates(index, request.installedNonLeaf));
  const cached = sortCached(index, scope, request, inScan);
  const { page, truncated } = cutPage(
    scope,
    signatures,
    request.maxNew,
    (slot) => inScan(slot) && !cached.slots.has(slot),
  );
  return {
    newRevisions: page.map((slot) => describeSynced(scope, index.at(slot))).filter((entry) => entry !== undefined),
    changed: cached.changed,
    outOfScope: cached.outOfScope,
    deployedOutOfScope: cached.deployedOutOfScope,
    truncated,
    anchor: Math.max(scope.lastChange, index.lastLeafChange),
    driverSyncNotNeeded: !scope.hasDrivers,
  };
}

/** How a revision is deployed to a client, with IsLeaf; undefined when it is not (RefreshCache, GetExtendedUpdateInfo). */
export function effectiveDeployment(
  index: CatalogIndex,
  deployments: DeploymentSet,
  revisionId: RevisionId,
): SyncedRevision | undefined {
  return describeSynced(scopeOf(index, deployments), index.get(revisionId));
}

const scopes = new WeakMap<DeploymentSet, Scope>();

/** The current scope of a deployment set; kept until the catalogue or the set changes. */
export function scopeOf(index: CatalogIndex, deployments: DeploymentSet): Scope {
  const known = scopes.get(deployments);
  if (known && known.index === index && known.isCurrent()) return known;
  const scope = new Scope(index, deployments);
  scopes.set(deployments, scope);
  return scope;
}

/** Slots of the updates behind installed revisions. */
export function* installedUpdates(index: CatalogIndex, installed: readonly RevisionId[]): Generator<number> {
  for (const revisionId of installed) {
    const revision = index.get(revisionId);
    if (revision) yield revision.update.slot;
  }
}

/** A revision as it is answered; undefined outside the scope. */
export function describeSynced(scope: Scope, revision: IndexedRevision | undefined): SyncedRevision | undefined {
  const deployment = revision && scope.effectiveDeployment(revision);
  return deployment && { revisionId: revision.revisionId, deployment, isLeaf: revision.update.namedBy === 0 };
}

interface CachedLists {
  slots: ReadonlySet<number>;
  changed: SyncedRevision[];
  outOfScope: RevisionId[];
  deployedOutOfScope: RevisionId[];
}

function sortCached(
  index: CatalogIndex,
  scope: Scope,
  request: SyncRequest,
  inScan: (slot: number) => boolean,
): CachedLists {
  const slots = new Set<number>();
  const lists: CachedLists = { slots, changed: [], outOfScope: [], deployedOutOfScope: [] };
  const seen = new Set<RevisionId>();
  for (const list of [request.installedNonLeaf, request.otherCached]) {
    for (const revisionId of list) {
      if (seen.has(revisionId)) continue;
      seen.add(revisionId);
      const revision = index.get(revisionId);
      if (revision && isNeeded(index, revision, inScan)) {
        slots.add(revision.slot);
        if (hasChanged(scope, revision, request.anchor))
          lists.changed.push(...[describeSynced(scope, revision)].filter(isDefined));
      } else if (request.needTwoGroupOutOfScope && revision && scope.has(revision.slot)) {
        lists.deployedOutOfScope.push(revisionId);
      } else lists.outOfScope.push(revisionId);
    }
  }
  return lists;
}

function isNeeded(index: CatalogIndex, revision: IndexedRevision, inScan: (slot: number) => boolean): boolean {
  return (
    revision.summary.updateType !== 'Driver' &&
    inScan(revision.slot) &&
    index.prerequisites.isSatisfied(revision.signature.id)
  );
}

/** Without an anchor nothing is known of what the client holds: decisions are repeated, what follows of itself is not. */
export function hasChanged(scope: Scope, revision: IndexedRevision, anchor: number | undefined): boolean {
  const { leafChangedAt } = revision.update;
  if (anchor === undefined) {
    return leafChangedAt > revision.addedAt || scope.deployments.get(revision.revisionId) !== undefined;
  }
  return leafChangedAt > anchor || (scope.effectiveDeployment(revision)?.lastChangeTime ?? 0) > anchor;
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined;
}

/** The first `maxNew` in page order. Each signature gives its own first ones; those are merged by sorting. */
function cutPage(
  scope: Scope,
  signatures: readonly { id: number }[],
  maxNew: number,
  isNew: (slot: number) => boolean,
): { page: number[]; truncated: boolean } {
  const candidates: number[] = [];
  let sources = 0;
  for (const { id } of signatures) {
    let taken = 0;
    for (const slot of scope.softwareWith(id)) {
      if (!isNew(slot)) continue;
      candidates.push(slot);
      if (++taken > maxNew) break;
    }
    if (taken > 0) sources++;
  }
  if (sources > 1) candidates.sort((a, b) => scope.compare(a, b));
  return { page: candidates.slice(0, maxNew), truncated: candidates.length > maxNew };
}
