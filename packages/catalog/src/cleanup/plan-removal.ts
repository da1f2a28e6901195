// Chooses the updates and the old revisions that a cleanup takes out of the catalog. A prerequisite
// or a part of an update that stays, stays too.
import type { CatalogIndex, IndexedRevision, IndexedUpdate } from '../graph/index.ts';
import type { RevisionId, UpdateId } from '../ids.ts';

interface RemovalFacts {
  index: CatalogIndex;
  /** When each declined update was declined. */
  declinedAt: ReadonlyMap<string, Date>;
  /** Updates that something outside of the catalog still needs. */
  held: ReadonlySet<string>;
  /** An update goes if it was declined before this time. Undefined: none goes. */
  declinedBefore: Date | undefined;
  /** An old revision goes if a newer one has been here since before this time. Undefined: none goes. */
  replacedBefore: Date | undefined;
}

interface ChosenUpdate {
  updateId: UpdateId;
  revisionIds: RevisionId[];
}

export interface RemovalPlan {
  /** Whole updates that are declined. */
  declined: ChosenUpdate[];
  /** Whole updates that are parts of these bundles and of no others, or of no bundle at all. */
  parts: ChosenUpdate[];
  /** Updates that stay, with the revisions that go. */
  replaced: ChosenUpdate[];
}

/** Takes time with the size of the catalog, once. The order is the one of the catalog. */
export function planRemoval(facts: RemovalFacts): RemovalPlan {
  const { declined, parts } = wholeUpdates(facts);
  const gone = new Set<IndexedUpdate>([...declined, ...parts]);
  return {
    declined: declined.map(whole),
    parts: parts.map(whole),
    replaced: replacedRevisions(facts, gone),
  };
}

function whole({ updateId, revisions }: IndexedUpdate): ChosenUpdate {
  return { updateId, revisionIds: revisions.map(({ revisionId }) => revisionId) };
}

function wholeUpdates(facts: RemovalFacts): { declined: IndexedUpdate[]; parts: IndexedUpdate[] } {
  const { index, declinedAt, held, declinedBefore } = facts;
  if (declinedBefore === undefined) return { declined: [], parts: [] };
  const isOld = ({ updateId }: IndexedUpdate) => {
    const at = declinedAt.get(updateId);
    return at !== undefined && at < declinedBefore;
  };
  const wanted = [...index.updates()].filter(
    (update) => isDecidedOn(update) && isOld(update) && !held.has(update.updateId),
  );
  const orphans = orphansIn(facts, declinedBefore);
  const going = new Set([...wanted, ...orphans, ...partsOf(index, [...wanted, ...orphans], held)]);
  keepWhatOthersName(index, going);
  const asked = new Set(wanted);
  return {
    declined: wanted.filter((update) => going.has(update)),
    parts: [...going].filter((update) => !asked.has(update)),
  };
}

/** An administrator decides on it: software or a driver that is not only a part of bundles. */
function isDecidedOn({ revisions }: IndexedUpdate): boolean {
  const newest = revisions.at(-1)?.summary;
  return newest?.explicitlyDeployable === true && isContent(newest.updateType);
}

/** Categories and detectoids stay: they are small, and everything refers to them. */
function isContent(updateType: string): boolean {
  return updateType === 'Software' || updateType === 'Driver';
}

/** Parts that no bundle has any more: their bundles went, or have newer revisions with other parts. */
function orphansIn({ index, held }: RemovalFacts, before: Date): IndexedUpdate[] {
  const inBundles = new Set<UpdateId>();
  for (const { revisions } of index.updates())
    for (const { summary } of revisions)
      for (const { updateId } of summary.bundleClauses.flat()) inBundles.add(updateId);
  return [...index.updates()].filter(({ updateId, revisions }) => {
    const newest = revisions.at(-1);
    if (!newest || newest.summary.explicitlyDeployable || !isContent(newest.summary.updateType)) return false;
    return newest.addedAt < before.getTime() && !inBundles.has(updateId) && !held.has(updateId);
  });
}

/** Parts of these bundles and parts of those parts, without those that an administrator decides on. */
function partsOf(
  index: CatalogIndex,
  bundles: readonly IndexedUpdate[],
  held: ReadonlySet<string>,
): ReadonlySet<IndexedUpdate> {
  const parts = new Set<IndexedUpdate>();
  const look = ({ revisions }: IndexedUpdate) => {
    for (const { summary } of revisions) {
      for (const { updateId } of summary.bundleClauses.flat()) {
        const part = index.update(updateId);
        const newest = part?.revisions.at(-1)?.summary;
        if (part && newest && !newest.explicitlyDeployable && isContent(newest.updateType) && !held.has(updateId))
          parts.add(part);
      }
    }
  };
  for (const bundle of bundles) look(bundle);
  // The set grows while it is walked.
  for (const part of parts) look(part);
  return parts;
}

/** Takes out of `going` whatever an update that stays names, and whatever that names. */
function keepWhatOthersName(index: CatalogIndex, going: Set<IndexedUpdate>): void {
  const staying: IndexedUpdate[] = [];
  for (const update of index.updates()) if (!going.has(update)) staying.push(update);
  for (const { revisions } of staying) {
    for (const revision of revisions) {
      for (const updateId of namedBy(revision)) {
        const named = index.update(updateId);
        if (named && going.delete(named)) staying.push(named);
      }
    }
  }
}

function* namedBy({ summary }: IndexedRevision): Generator<UpdateId> {
  for (const { anyOf } of summary.prerequisiteClauses) yield* anyOf;
  for (const clause of summary.bundleClauses) for (const { updateId } of clause) yield updateId;
}

function replacedRevisions({ index, held, replacedBefore }: RemovalFacts, gone: ReadonlySet<IndexedUpdate>) {
  if (replacedBefore === undefined) return [];
  const before = replacedBefore.getTime();
  const going = new Set<IndexedRevision>();
  const updates = [...index.updates()].filter((update) => !gone.has(update));
  for (const { updateId, revisions } of updates) {
    if (held.has(updateId)) continue;
    revisions.forEach((revision, at) => {
      const newer = revisions[at + 1];
      if (newer && newer.addedAt < before) going.add(revision);
    });
  }
  keepBundled(index, updates, going);
  return updates.flatMap(({ updateId, revisions }): ChosenUpdate[] => {
    const revisionIds = revisions.filter((one) => going.has(one)).map(({ revisionId }) => revisionId);
    return revisionIds.length > 0 ? [{ updateId, revisionIds }] : [];
  });
}

/** A bundle names its parts with their revisions. Those that a revision that stays names, stay. */
function keepBundled(index: CatalogIndex, updates: readonly IndexedUpdate[], going: Set<IndexedRevision>): void {
  const staying = updates.flatMap(({ revisions }) => revisions.filter((one) => !going.has(one)));
  for (const { summary } of staying) {
    for (const identity of summary.bundleClauses.flat()) {
      const part = index.find(identity);
      if (part && going.delete(part)) staying.push(part);
    }
  }
}
