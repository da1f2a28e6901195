// Updates and revisions that go. Chosen from the catalog in memory, removed in small transactions. Whenever somebody changed
// the updates meanwhile, it chooses again.
import { setTimeout as pause } from 'node:timers/promises';
import { planRemoval, type RemovalPlan } from '@moult/catalog/cleanup';
import type { RemovableUpdate, Store } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import type { Administration } from '../open-server.ts';

interface Ages {
  declinedBefore: Date | undefined;
  replacedBefore: Date | undefined;
}

export interface CleanupCourse {
  signal: AbortSignal | undefined;
  /** Told of each step. */
  step(removed: number): void;
}

export interface RemovalParts {
  administration: Administration;
  catalog: LiveCatalog;
  /** How often it chooses, at most. */
  choices?: number | undefined;
}

interface Removed {
  items: number;
  revisions: number;
  examples: string[];
  /** Others changed the updates again and again. The next cleanup does the rest. */
  isCut?: true;
}

const revisionsPerStep = 100;
const statesPerStep = 2000;
/** Others work between two steps. */
const pauseMs = 5;
const examplesKept = 10;
/** An import or a synchronisation that goes on and on: the next cleanup does the rest. */
const timesToChoose = 50;
const beforeNextChoiceMs = 200;

/** The updates and revisions that may go, as the catalog is now. */
export async function choose(
  { store, catalog }: { store: Store; catalog: LiveCatalog },
  ages: Ages,
): Promise<RemovalPlan & { generation: number }> {
  const declinedAt = await store.loadDeclineTimes();
  const held = await store.loadHeldUpdates();
  await catalog.refresh();
  const { index, generation } = catalog;
  return { ...planRemoval({ index, declinedAt, held, ...ages }), generation };
}

/** Removes what `choose` chooses. */
export async function removeUpdates(
  { administration, catalog, choices = timesToChoose }: RemovalParts,
  kind: 'declined' | 'replaced',
  ages: Ages,
  { signal, step }: CleanupCourse,
): Promise<Removed> {
  const { store, author } = administration;
  const removed: Removed = { items: 0, revisions: 0, examples: [] };
  for (let left = choices; left > 0 && !signal?.aborted; left--) {
    const chosen = await choose({ store, catalog }, ages);
    const updates = [
      ...asRemovable(chosen[kind], kind),
      ...(kind === 'declined' ? asRemovable(chosen.parts, 'part') : []),
    ];
    if (updates.length === 0) return removed;
    if (await removeAll(updates, chosen.generation)) return removed;
    // Each choice is work of the size of the catalog.
    await pause(beforeNextChoiceMs);
  }
  return { ...removed, isCut: true };

  /** False when something changed meanwhile. */
  async function removeAll(updates: readonly RemovableUpdate[], first: number): Promise<boolean> {
    let generation = first;
    for (const some of inSteps(updates)) {
      if (signal?.aborted) return true;
      await removeStates(store, some);
      const titles = removed.examples.length < examplesKept ? await titlesOf(store, some) : [];
      const declinedBefore = ages.declinedBefore ?? author.at;
      const done = await store.removeRevisions({ updates: some, generation, declinedBefore }, author);
      if (done === undefined) return false;
      removed.items += some.some((one) => one.kind === 'part') ? 0 : done.updates;
      removed.revisions += done.revisions;
      removed.examples.push(...titles.slice(0, examplesKept - removed.examples.length));
      step(done.revisions);
      // One that is not declined any more keeps its parts.
      if (done.updates < some.length) return false;
      generation = done.generation;
      await pause(pauseMs);
    }
    return true;
  }
}

function asRemovable(
  chosen: readonly { updateId: string; revisionIds: readonly number[] }[],
  kind: RemovableUpdate['kind'],
) {
  return chosen.map(({ updateId, revisionIds }): RemovableUpdate => ({ updateId, revisionIds, kind }));
}

/** Of one kind each. Bundles go before their parts. */
function* inSteps(updates: readonly RemovableUpdate[]): Generator<RemovableUpdate[]> {
  let some: RemovableUpdate[] = [];
  let revisions = 0;
  for (const one of updates) {
    if (some.length > 0 && (revisions >= revisionsPerStep || some[0]?.kind !== one.kind)) {
      yield some;
      some = [];
      revisions = 0;
    }
    some.push(one);
    revisions += one.revisionIds.length;
  }
  if (some.length > 0) yield some;
}

/** An update may have states of all computers: most go before its transaction. */
async function removeStates(store: Store, updates: readonly RemovableUpdate[]): Promise<void> {
  const ids = updates.filter(({ kind }) => kind !== 'replaced').map(({ updateId }) => updateId);
  if (ids.length === 0) return;
  while ((await store.removeStatesOf(ids, statesPerStep)) === statesPerStep) await pause(pauseMs);
}

async function titlesOf(store: Store, updates: readonly RemovableUpdate[]): Promise<string[]> {
  const titles: string[] = [];
  for (const { updateId, kind } of updates.slice(0, examplesKept))
    if (kind !== 'part') titles.push((await store.findRevisions(updateId)).at(-1)?.title ?? updateId);
  return titles;
}
