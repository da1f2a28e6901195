// The catalog as requests see it: index and decisions in memory, kept equal to the store, also when another process writes.
// The size of the catalog costs a request nothing. The first request after a change pays for the change.
import {
  byUpdate,
  CatalogIndex,
  type DecisionsByUpdate,
  DeploymentSet,
  decide,
  decisionInForce,
  type HoldFacts,
  linesOf,
  type Offer,
  parseUpdateId,
  toRevisionId,
  type UpdateId,
  type WithholdingSource,
} from '@moult/catalog';
import { HoldIndex, type RingShare } from '@moult/catalog/holds';
import { LRUCache } from 'lru-cache';
import { whileYoungStaysSmall } from '../heap.ts';
import type { Store, StoredDeployment, TargetGroup, Topic } from '../index.ts';

export interface LiveCatalog {
  readonly index: CatalogIndex;
  /** Looks whether anybody changed anything, at most every `freshMs`. Awaited at the head of each call. */
  refresh(): Promise<void>;
  /** All groups, decisions (also withdrawn ones) and declined updates. Another object after each change of them. */
  readonly groups: readonly TargetGroup[];
  readonly decisions: DecisionsByUpdate;
  readonly declined: readonly UpdateId[];
  /** Updates that rings have offered to a part of all computers. Another object after each change of them. */
  readonly shares: readonly RingShare[];
  /** Of the topic `updates`: the index has at least what was there then. */
  readonly generation: number;
  /** The offer to one computer: the one decision that everything asks. */
  decide(computer: ComputerView, now: Date): Offer;
  /** Product, UpdateClassification …. Undefined for an update that is not a category. */
  categoryType(updateId: UpdateId): string | undefined;
}

/** The facts of a computer that the decision depends on. */
interface ComputerView {
  groupIds: readonly string[];
  facts: HoldFacts;
}

interface LiveCatalogOptions {
  unapproved: 'report' | 'hide';
  /** Another process's changes are seen after at most so long. */
  freshMs?: number;
  /** Called when a backup was restored under the running server. */
  onRestored?: () => Promise<void>;
  /** Called when another process changed what clients are told in GetConfig. */
  onConfigured?: () => Promise<void>;
}

const setsKept = 64;
const removalsPerStep = 1000;

/** Loads everything. 100,000 revisions take seconds, so it is done before the listeners answer. */
export async function openLiveCatalog(store: Store, options: LiveCatalogOptions): Promise<LiveCatalog> {
  const catalog = new StoreBackedCatalog(store, options);
  await whileYoungStaysSmall(() => catalog.refresh());
  return catalog;
}

class StoreBackedCatalog implements LiveCatalog {
  #index = new CatalogIndex();
  readonly #onRestored: () => Promise<void>;
  readonly #onConfigured: () => Promise<void>;
  readonly #store: Store;
  readonly #unapproved: 'report' | 'hide';
  readonly #freshMs: number;
  readonly #categoryTypes = new Map<UpdateId, string>();
  readonly #sets = new LRUCache<string, DeploymentSet>({ max: setsKept });
  #seen = new Map<Topic, number>();
  #lastRevision = 0;
  #lastRemoval = 0;
  #groups: TargetGroup[] = [];
  #decisions: DecisionsByUpdate = new Map();
  #declined: UpdateId[] = [];
  #shares: readonly RingShare[] = [];
  #withholding: WithholdingSource = new HoldIndex([], undefined);
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** Something was changed in this process since the last look. */
  #isStale = true;
  #running: Promise<void> | undefined;

  constructor(store: Store, options: LiveCatalogOptions) {
    const { unapproved, freshMs = 100, onRestored = nothing, onConfigured = nothing } = options;
    this.#onRestored = onRestored;
    this.#onConfigured = onConfigured;
    this.#store = store;
    this.#unapproved = unapproved;
    this.#freshMs = Math.max(1, freshMs);
    store.subscribe((topic) => {
      if (watched.has(topic)) this.#isStale = true;
    });
  }

  get index(): CatalogIndex {
    return this.#index;
  }

  get groups(): readonly TargetGroup[] {
    return this.#groups;
  }

  get decisions(): DecisionsByUpdate {
    return this.#decisions;
  }

  get declined(): readonly UpdateId[] {
    return this.#declined;
  }

  get shares(): readonly RingShare[] {
    return this.#shares;
  }

  get generation(): number {
    return this.#seen.get('updates') ?? 0;
  }

  async refresh(): Promise<void> {
    while (this.#isStale || performance.now() - this.#checkedAt >= this.#freshMs) {
      this.#running ??= this.#catchUp()
        .catch((error) => {
          // The change must still be read. A database that was away for a moment hides no change.
          this.#isStale = true;
          throw error;
        })
        .finally(() => {
          this.#running = undefined;
        });
      await this.#running;
    }
  }

  decide({ groupIds, facts }: ComputerView, now: Date): Offer {
    const deployments = this.#deploymentsFor(groupIds);
    return decide(facts, { index: this.#index, deployments, withholding: this.#withholding }, now);
  }

  #deploymentsFor(groupIds: readonly string[]): DeploymentSet {
    const key = [...groupIds].sort().join();
    const known = this.#sets.get(key);
    if (known) return known;
    const set = this.#buildSet(groupIds);
    this.#sets.set(key, set);
    return set;
  }

  categoryType(updateId: UpdateId): string | undefined {
    return this.#categoryTypes.get(updateId);
  }

  async #catchUp(): Promise<void> {
    this.#isStale = false;
    const generations = await this.#store.loadGenerations();
    if (this.#seen.size > 0 && generations.get('restored') !== this.#seen.get('restored')) await this.#startAnew();
    const changed = (topic: Topic) => generations.get(topic) !== this.#seen.get(topic);
    const updates = changed('updates') || this.#lastRevision === 0;
    const decisions = changed('deployments') || this.#seen.size === 0;
    const groups = changed('groups') || this.#seen.size === 0;
    if (updates) await this.#loadRevisions();
    const declined = updates || decisions ? await this.#store.loadDeclined() : undefined;
    const history = decisions ? await this.#store.loadDeploymentHistory() : undefined;
    // After the decisions: an approval of rings never shows without the part of all computers that it is for.
    const withholding = updates || decisions || changed('rings') ? await this.#loadWithholding() : undefined;
    if (changed('configuration')) await this.#onConfigured();
    const newGroups = groups ? await this.#store.loadGroups() : undefined;
    // A request that looks meanwhile sees all of it or nothing.
    this.#declined = declined?.map((id) => parseUpdateId(id)) ?? this.#declined;
    if (history) this.#decisions = byUpdate(history);
    this.#withholding = withholding?.source ?? this.#withholding;
    this.#shares = withholding?.shares ?? this.#shares;
    this.#groups = newGroups ?? this.#groups;
    if (updates || decisions || groups) this.#sets.clear();
    this.#seen = generations;
    this.#checkedAt = performance.now();
  }

  async #loadWithholding() {
    const [holds, stop] = [await this.#store.resolveHolds(), await this.#store.loadStop()];
    const shares = await this.#store.loadShares();
    return { shares, source: new HoldIndex(holds, stop, shares) };
  }

  /** A backup took the place of everything: no id means what it meant. */
  async #startAnew(): Promise<void> {
    // First: what fails here is tried again, and the catalog of before stays until then.
    await this.#onRestored();
    this.#index = new CatalogIndex();
    this.#categoryTypes.clear();
    this.#lastRevision = 0;
    this.#lastRemoval = 0;
    this.#seen = new Map();
  }

  async #loadRevisions(): Promise<void> {
    // Removed ones first: a revision that comes again has another id.
    if (this.#lastRevision === 0) this.#lastRemoval = await this.#store.loadLastRemoval();
    else await this.#takeOutRemoved();
    await this.#loadNewRevisions();
  }

  /** Their ids are never given again. */
  async #takeOutRemoved(): Promise<void> {
    for (;;) {
      const removals = await this.#store.loadRemovals(this.#lastRemoval, removalsPerStep);
      for (const { revisionId, removedAt } of removals) this.#index.remove(toRevisionId(revisionId), removedAt);
      this.#lastRemoval = removals.at(-1)?.removalId ?? this.#lastRemoval;
      if (removals.length < removalsPerStep) return;
    }
  }

  async #loadNewRevisions(): Promise<void> {
    await this.#store.readSummaries(this.#lastRevision, (summary) => {
      const { revisionId, categoryType, importedAt } = summary;
      const { update } = this.#index.addEncoded(toRevisionId(revisionId), summary, importedAt);
      if (categoryType !== undefined) this.#categoryTypes.set(update.updateId, categoryType);
      this.#lastRevision = revisionId;
    });
  }

  #buildSet(groupIds: readonly string[]): DeploymentSet {
    const set = new DeploymentSet({ unapproved: this.#unapproved });
    const lines = linesOf(this.#groups, groupIds);
    for (const updateId of this.#declined) set.decline(updateId);
    for (const [updateId, decisions] of this.#decisions) {
      const decision = decisionInForce(decisions, lines);
      // An approval is for the update: the newest revision that is here is the one that is meant.
      const revision = decision && this.#index.latest(updateId as UpdateId);
      if (decision && revision) set.set(revision.revisionId, toDeployment(decision));
    }
    return set;
  }
}

const nothing = async () => undefined;

const watched: ReadonlySet<Topic> = new Set(['updates', 'deployments', 'groups', 'rings']);

function toDeployment({ deploymentId, action, deadline, changedAt, groupId, administrator, by }: StoredDeployment) {
  const origin = { groupId, administrator, by };
  return {
    deploymentId,
    action,
    lastChangeTime: changedAt,
    origin,
    ...(deadline && { deadline: deadline.toISOString() }),
  };
}
