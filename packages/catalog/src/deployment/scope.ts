// The target set of MS-WUSP 3.1.5.7: what is deployed to a client's groups, closed over prerequisites and bundle
// members, one revision per update. Computed once per (catalog, decisions) and used by every request until either
// changes.
import type { CatalogIndex, IndexedRevision, IndexedUpdate } from '../graph/index.ts';
import type { RevisionId, UpdateId } from '../ids.ts';
import { type DeploymentSet, derivedDeploymentId, type EffectiveDeployment } from './deployment-set.ts';

/** Why a revision is in scope, weakest first. The number orders them. */
const reason = { none: 0, dependency: 1, reported: 2, member: 3, deployed: 4 } as const;

/** One revision as a client is told of it. */
export interface SyncedRevision {
  revisionId: RevisionId;
  deployment: EffectiveDeployment;
  isLeaf: boolean;
}

export class Scope {
  readonly index: CatalogIndex;
  readonly deployments: DeploymentSet;
  readonly indexVersion: number;
  readonly deploymentsVersion: number;
  readonly hasDrivers: boolean;
  /** Highest lastChangeTime of any effective deployment. */
  readonly lastChange: number;
  readonly #reasons: Uint8Array;
  readonly #changedAt: Float64Array;
  /** 1: in scope and no driver. */
  readonly #software: Uint8Array;
  /** The latest change that a client must be told of: of the deployment or of IsLeaf. */
  readonly #tellAt: Float64Array;
  readonly #marks: Int32Array;
  /** Made when first asked for: thousands of clients are told the same of a revision. */
  readonly #synced: (SyncedRevision | undefined)[] = [];
  #generation = 0;
  readonly #sortedSlots: (Uint32Array | undefined)[] = [];
  readonly #filters = new Map<string, Uint8Array>();

  constructor(index: CatalogIndex, deployments: DeploymentSet) {
    this.index = index;
    this.deployments = deployments;
    this.indexVersion = index.version;
    this.deploymentsVersion = deployments.version;
    this.#reasons = new Uint8Array(index.slotCount);
    this.#changedAt = new Float64Array(index.slotCount);
    this.#software = new Uint8Array(index.slotCount);
    this.#tellAt = new Float64Array(index.slotCount);
    this.#marks = new Int32Array(index.slotCount);
    this.#close();
    const { hasDrivers, lastChange } = this.#keepHighest();
    this.hasDrivers = hasDrivers;
    this.lastChange = lastChange;
  }

  isCurrent(): boolean {
    return this.indexVersion === this.index.version && this.deploymentsVersion === this.deployments.version;
  }

  has(slot: number): boolean {
    return (this.#reasons[slot] ?? reason.none) !== reason.none;
  }

  /** In scope, and no driver. */
  hasSoftware(slot: number): boolean {
    return this.#software[slot] === 1;
  }

  /** Whether a client with this anchor must hear of the revision again. */
  hasChangedSince(slot: number, anchor: number): boolean {
    return (this.#tellAt[slot] ?? 0) > anchor;
  }

  /** Forgets all marks. Marks belong to the running request. */
  unmark(): void {
    this.#generation++;
  }

  /** Marks a slot. False when it was marked already. */
  mark(slot: number): boolean {
    if (this.#marks[slot] === this.#generation) return false;
    this.#marks[slot] = this.#generation;
    return true;
  }

  isMarked(slot: number): boolean {
    return this.#marks[slot] === this.#generation;
  }

  /** The answer to clients about the revision in this slot. Undefined outside the scope. */
  synced(slot: number): SyncedRevision | undefined {
    const known = this.#synced[slot];
    if (known) return known;
    const revision = this.index.at(slot);
    const deployment = revision && this.effectiveDeployment(revision);
    if (!deployment) return undefined;
    const synced = { revisionId: revision.revisionId, deployment, isLeaf: revision.update.namedBy === 0 };
    this.#synced[slot] = synced;
    return synced;
  }

  /** The sent parts of a revision in scope. Undefined outside. */
  effectiveDeployment(revision: IndexedRevision): EffectiveDeployment | undefined {
    const why = this.#reasons[revision.slot] ?? reason.none;
    if (why === reason.none) return undefined;
    const decided = why === reason.deployed ? this.deployments.get(revision.revisionId) : undefined;
    if (decided && !isRuleOnly(revision)) return decided;
    const action =
      why === reason.member
        ? 'Bundle'
        : why === reason.reported && !isRuleOnly(revision)
          ? 'PreDeploymentCheck'
          : 'Evaluate';
    return {
      deploymentId: derivedDeploymentId(revision.revisionId),
      action,
      lastChangeTime: this.#changedAt[revision.slot] ?? 0,
    };
  }

  /** Revisions in scope with this signature (drivers left out), in the order in which pages are cut. */
  softwareWith(signature: number): Uint32Array {
    const known = this.#sortedSlots[signature];
    if (known) return known;
    const slots = (this.index.prerequisites.signatures[signature]?.slots ?? []).filter((slot) =>
      this.hasSoftware(slot),
    );
    const sorted = Uint32Array.from(slots.sort((a, b) => this.compare(a, b)));
    this.#sortedSlots[signature] = sorted;
    return sorted;
  }

  /** Page order: what other updates wait for first, then rule-only updates, bundle members, the rest. */
  compare(a: number, b: number): number {
    const first = this.index.at(a);
    const second = this.index.at(b);
    if (!first || !second) return 0;
    return (
      this.#stageOf(first) - this.#stageOf(second) ||
      first.update.orderKey - second.update.orderKey ||
      (first.update.updateId < second.update.updateId ? -1 : 1)
    );
  }

  /**
   * Mask by slot of what a category scan may see: the categories themselves, the updates that say they belong to one
   * (IsCategory clauses), and all that these depend on.
   */
  filteredBy(categoryIds: readonly UpdateId[]): Uint8Array {
    const key = [...new Set(categoryIds)].sort().join();
    const known = this.#filters.get(key);
    if (known) return known;
    const mask = this.#filter(new Set(categoryIds));
    const oldest = this.#filters.size >= 32 ? this.#filters.keys().next().value : undefined;
    if (oldest !== undefined) this.#filters.delete(oldest);
    this.#filters.set(key, mask);
    return mask;
  }

  /** The revision that stands for an update here: the highest in scope. */
  chosen(update: IndexedUpdate): IndexedRevision | undefined {
    return update.revisions.findLast(({ slot }) => this.has(slot));
  }

  #stageOf(revision: IndexedRevision): number {
    if (revision.update.namedBy > 0) return 0;
    if (isRuleOnly(revision)) return 1;
    return this.#reasons[revision.slot] === reason.member ? 2 : 3;
  }

  #close(): void {
    const isComplete = completeness(this.index);
    const open: IndexedRevision[] = [];
    const enter = (revision: IndexedRevision | undefined, why: number, since: number): void => {
      if (!revision || this.deployments.isDeclined(revision.update.updateId) || !isComplete(revision)) return;
      const { slot } = revision;
      const isNew = this.#reasons[slot] === reason.none;
      const changedAt = Math.max(since, this.#passedOverAt(revision));
      const isLater = changedAt > (this.#changedAt[slot] ?? 0);
      if (isLater) this.#changedAt[slot] = changedAt;
      if (why > (this.#reasons[slot] ?? 0)) this.#reasons[slot] = why;
      // A member's members inherit the time of the decision that made them members.
      if (isNew || (isLater && why === reason.member)) open.push(revision);
    };
    this.#enterRoots(enter);
    for (let revision = open.pop(); revision; revision = open.pop()) {
      for (const clause of revision.summary.bundleClauses) {
        const changedAt = this.#changedAt[revision.slot] ?? 0;
        for (const identity of clause) enter(this.index.find(identity), reason.member, changedAt);
      }
      for (const clause of revision.signature.clauses) {
        for (const slot of this.index.prerequisites.clauseMembers(clause)) {
          const prerequisite = this.#floating(slot);
          if (prerequisite) enter(prerequisite, reason.dependency, prerequisite.addedAt);
        }
      }
    }
  }

  #enterRoots(enter: (revision: IndexedRevision | undefined, why: number, changedAt: number) => void): void {
    for (const [revisionId, { action, lastChangeTime }] of this.deployments.entries()) {
      const revision = this.index.get(revisionId);
      if (revision && !countsDecisions(revision)) continue;
      if (action !== 'Block') enter(revision, reason.deployed, Math.max(lastChangeTime, revision?.addedAt ?? 0));
    }
    if (this.deployments.unapproved === 'hide') return;
    for (const update of this.index.updates()) {
      const latest = update.revisions.at(-1);
      if (!latest || update.revisions.some(({ revisionId }) => this.deployments.get(revisionId))) continue;
      if (countsDecisions(latest)) enter(latest, reason.reported, latest.addedAt);
    }
  }

  /** When a decision that does not count was last changed: what clients are told instead may be new to them. */
  #passedOverAt(revision: IndexedRevision): number {
    return countsDecisions(revision) ? 0 : (this.deployments.get(revision.revisionId)?.lastChangeTime ?? 0);
  }

  /** The revision a prerequisite means: the highest, unless the administrator deployed a particular one. */
  #floating(updateSlot: number): IndexedRevision | undefined {
    const revisions = this.index.updateAt(updateSlot)?.revisions;
    const decided = revisions?.findLast(({ revisionId }) => {
      const deployment = this.deployments.get(revisionId);
      return deployment !== undefined && deployment.action !== 'Block';
    });
    return decided ?? revisions?.at(-1);
  }

  /** MS-WUSP 3.1.5.7: at most one revision per update. Of several matches, the highest RevisionNumber. */
  #keepHighest(): { hasDrivers: boolean; lastChange: number } {
    let hasDrivers = false;
    let lastChange = 0;
    for (const update of this.index.updates()) {
      const chosen = this.chosen(update);
      if (!chosen) continue;
      if (update.revisions.length > 1) {
        for (const revision of update.revisions) if (revision !== chosen) this.#reasons[revision.slot] = reason.none;
      }
      const isDriver = chosen.summary.updateType === 'Driver';
      hasDrivers ||= isDriver;
      lastChange = Math.max(lastChange, this.#changedAt[chosen.slot] ?? 0);
      this.#software[chosen.slot] = isDriver ? 0 : 1;
      const changedAt = this.effectiveDeployment(chosen)?.lastChangeTime ?? 0;
      this.#tellAt[chosen.slot] = Math.max(changedAt, update.leafChangedAt);
    }
    return { hasDrivers, lastChange };
  }

  #filter(categories: ReadonlySet<UpdateId>): Uint8Array {
    const mask = new Uint8Array(this.#reasons.length);
    const open: IndexedRevision[] = [];
    const enter = (revision: IndexedRevision | undefined): void => {
      if (!revision || mask[revision.slot] === 1 || !this.has(revision.slot)) return;
      mask[revision.slot] = 1;
      open.push(revision);
    };
    for (const update of this.index.updates()) {
      const revision = this.chosen(update);
      if (revision && (categories.has(update.updateId) || belongsTo(revision, categories))) enter(revision);
    }
    for (let revision = open.pop(); revision; revision = open.pop()) {
      for (const identity of revision.summary.bundleClauses.flat()) enter(this.index.find(identity));
      for (const clause of revision.signature.clauses) {
        for (const slot of this.index.prerequisites.clauseMembers(clause)) {
          const update = this.index.updateAt(slot);
          if (update) enter(this.chosen(update));
        }
      }
    }
    return mask;
  }
}

/** Categories and detectoids: nothing to install, only rules to evaluate. */
function isRuleOnly({ summary }: IndexedRevision): boolean {
  return summary.updateType === 'Category' || summary.updateType === 'Detectoid';
}

/**
 * Whether what was decided on a revision reaches clients. Parts of bundles come with their bundle only, and what its
 * publisher expired is not offered any more. Categories and detectoids are rules, whatever was decided.
 */
export function countsDecisions(revision: IndexedRevision): boolean {
  const { explicitlyDeployable, isExpired } = revision.summary;
  return isRuleOnly(revision) || (explicitlyDeployable && !isExpired);
}

function belongsTo({ summary }: IndexedRevision, categories: ReadonlySet<UpdateId>): boolean {
  return summary.prerequisiteClauses.some(
    ({ isCategory, anyOf }) => isCategory && anyOf.some((id) => categories.has(id)),
  );
}

/** Whether every bundled revision, at every depth, is in the catalog: half a bundle is never served. */
function completeness(index: CatalogIndex): (revision: IndexedRevision) => boolean {
  const known = new Map<IndexedRevision, boolean>();
  const isComplete = (revision: IndexedRevision): boolean => {
    const { bundleClauses } = revision.summary;
    if (bundleClauses.length === 0) return true;
    const answer = known.get(revision);
    if (answer !== undefined) return answer;
    known.set(revision, false); // Stands while its members are looked at: a bundle inside itself is not complete.
    const complete = bundleClauses.every((clause) =>
      clause.every((identity) => {
        const member = index.find(identity);
        return member !== undefined && isComplete(member);
      }),
    );
    known.set(revision, complete);
    return complete;
  };
  return isComplete;
}
