// The revisions of the catalog as GetRevisionIdList lists them: in the order in which they came, and by the category that
// they name. It follows the catalog in memory. A list costs what the chosen categories hold, or what is new, and never
// what the catalog holds.
import type { CatalogIndex, IndexedRevision, IndexedUpdate, RevisionId, UpdateId } from '@moult/catalog';

/** Ids, each with whether only changes are asked for. */
type WantedIds = ReadonlyMap<string, boolean>;

interface ListFilter {
  /** The id of the last revision that the caller knows. 0: it knows none. */
  since: number;
  categories: WantedIds;
  classifications: WantedIds;
}

export interface RevisionLists {
  /** The revision with the highest id. */
  last(): IndexedRevision | undefined;
  find(revisionId: number): IndexedRevision | undefined;
  /** Categories, classifications and detectoids. */
  configuration(since: number): IndexedRevision[];
  /** Software and drivers in at least one of the categories and of the classifications, and the parts of bundles. */
  updates(filter: ListFilter): IndexedRevision[];
}

/** `index` answers the catalog of now: another one after a restore. */
export function createRevisionLists(index: () => CatalogIndex): RevisionLists {
  let order = new RevisionOrder(index());
  const current = () => {
    if (order.index !== index()) order = new RevisionOrder(index());
    order.follow();
    return order;
  };
  return {
    last: () => current().last,
    find: (revisionId) => index().get(revisionId as RevisionId),
    configuration: (since) => after(current().configuration, since).filter(isNewest),
    updates: (filter) => listUpdates(current(), filter),
  };
}

class RevisionOrder {
  readonly index: CatalogIndex;
  readonly configuration: IndexedRevision[] = [];
  readonly updates: IndexedRevision[] = [];
  last: IndexedRevision | undefined;
  /** Software and drivers that name an update as a prerequisite. */
  readonly #naming = new Map<UpdateId, IndexedRevision[]>();
  readonly #subcategories = new Map<UpdateId, Set<UpdateId>>();
  readonly #bundlesOf = new Map<UpdateId, Set<IndexedUpdate>>();
  #nextSlot = 0;

  constructor(index: CatalogIndex) {
    this.index = index;
  }

  follow(): void {
    for (; this.#nextSlot < this.index.slotCount; this.#nextSlot++) {
      const revision = this.index.at(this.#nextSlot);
      if (revision) this.#add(revision);
    }
  }

  naming(id: string): readonly IndexedRevision[] {
    return this.#naming.get(id as UpdateId) ?? [];
  }

  bundlesOf(id: UpdateId): Iterable<IndexedUpdate> {
    return this.#bundlesOf.get(id) ?? [];
  }

  /** The ids, and those of all categories below them. A request for all of one is a request for all below it. */
  withSubcategories(ids: WantedIds): Map<string, boolean> {
    const found = new Map(ids);
    for (const [id, isDelta] of found) {
      for (const below of this.#subcategories.get(id as UpdateId) ?? []) {
        if (!found.has(below)) found.set(below, isDelta);
      }
    }
    return found;
  }

  #add(revision: IndexedRevision): void {
    const { summary, update } = revision;
    if (revision.revisionId > (this.last?.revisionId ?? 0)) this.last = revision;
    const isCategory = summary.updateType === 'Category';
    if (isCategory || summary.updateType === 'Detectoid') {
      this.configuration.push(revision);
      if (isCategory) for (const id of namedBy(revision)) addTo(this.#subcategories, id, update.updateId);
      return;
    }
    this.updates.push(revision);
    for (const id of namedBy(revision)) {
      const known = this.#naming.get(id);
      if (known) known.push(revision);
      else this.#naming.set(id, [revision]);
    }
    for (const { updateId } of summary.bundleClauses.flat()) addTo(this.#bundlesOf, updateId, update);
  }
}

function listUpdates(order: RevisionOrder, { since, ...filter }: ListFilter): IndexedRevision[] {
  if (filter.categories.size + filter.classifications.size === 0) return after(order.updates, since).filter(isNewest);
  if (filter.categories.size === 0 || filter.classifications.size === 0) return [];
  const categories = order.withSubcategories(filter.categories);
  const classifications = order.withSubcategories(filter.classifications);
  const isWanted = (revision: IndexedRevision, from: number) =>
    isNewest(revision) && belongs(revision, { categories, classifications, since: from });
  const asksForAll = [...classifications.values()].includes(false);
  const found = new Set<IndexedRevision>();
  for (const [id, isDelta] of categories) {
    const candidates = after(order.naming(id), isDelta && !asksForAll ? since : 0);
    for (const revision of candidates) if (!found.has(revision) && isWanted(revision, since)) found.add(revision);
  }
  addParts(order.index, found);
  // A part that came after its bundle.
  for (const revision of since === 0 ? [] : after(order.updates, since)) {
    if (!found.has(revision) && isPartOfWanted(order, revision, isWanted)) found.add(revision);
  }
  return [...found].sort((one, other) => one.revisionId - other.revisionId);
}

function belongs(revision: IndexedRevision, { categories, classifications, since }: ListFilter): boolean {
  let [isInCategory, isInClassification, isNew] = [false, false, revision.revisionId > since];
  for (const id of namedBy(revision)) {
    const [category, classification] = [categories.get(id), classifications.get(id)];
    if (category !== undefined) isInCategory = true;
    if (classification !== undefined) isInClassification = true;
    if (category === false || classification === false) isNew = true;
  }
  return isInCategory && isInClassification && isNew;
}

/** Adds the parts of bundles, and theirs. A bundle has no files of its own: it cannot be installed without them. */
function addParts(index: CatalogIndex, found: Set<IndexedRevision>): void {
  // Grows while it is walked.
  for (const { summary } of found) {
    for (const identity of summary.bundleClauses.flat()) {
      const part = index.find(identity);
      if (part) found.add(part);
    }
  }
}

function isPartOfWanted(
  order: RevisionOrder,
  { summary, update }: IndexedRevision,
  isWanted: (revision: IndexedRevision, from: number) => boolean,
): boolean {
  for (const bundle of order.bundlesOf(update.updateId)) {
    const newest = bundle.revisions.at(-1);
    const isPart = newest?.summary.bundleClauses.some((clause) =>
      clause.some(
        ({ updateId, revisionNumber }) =>
          updateId === update.updateId && revisionNumber === summary.identity.revisionNumber,
      ),
    );
    if (newest && isPart && isWanted(newest, 0)) return true;
  }
  return false;
}

function* namedBy({ summary }: IndexedRevision): Generator<UpdateId> {
  for (const { anyOf } of summary.prerequisiteClauses) yield* anyOf;
}

function isNewest(revision: IndexedRevision): boolean {
  return revision.update.revisions.at(-1) === revision;
}

/** Those with ids above `since`. `revisions` are by rising id. */
function after(revisions: readonly IndexedRevision[], since: number): readonly IndexedRevision[] {
  if (since === 0) return revisions;
  let [low, high] = [0, revisions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((revisions[middle]?.revisionId ?? 0) > since) high = middle;
    else low = middle + 1;
  }
  return revisions.slice(low);
}

function addTo<Key, Item>(sets: Map<Key, Set<Item>>, key: Key, item: Item): void {
  const known = sets.get(key);
  if (known) known.add(item);
  else sets.set(key, new Set([item]));
}
