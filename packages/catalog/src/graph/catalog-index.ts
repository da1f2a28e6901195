// The catalogue in memory: revisions in dense slots, updates in dense slots, prerequisites shared and inverted.
// Adding and removing are incremental; nothing here depends on the order in which revisions came.
import type { RevisionId, UpdateId, UpdateIdentity } from '../ids.ts';
import type { UpdateDocument } from '../metadata/index.ts';
import { IntegerColumn, SlotTable } from './columns.ts';
import { PrerequisiteTable, type Signature } from './prerequisites.ts';
import { summarize, type UpdateSummary } from './summary.ts';

/** One revision in the index. `slot` is its dense number; slots of removed revisions are used again. */
export interface IndexedRevision {
  readonly slot: number;
  readonly revisionId: RevisionId;
  readonly summary: UpdateSummary;
  readonly update: IndexedUpdate;
  readonly signature: Signature;
  /** Milliseconds since 1970, when it became part of the catalogue. */
  readonly addedAt: number;
}

/** One update: its revisions, and who names it. Exists as soon as anything names it. */
export interface IndexedUpdate {
  readonly slot: number;
  readonly updateId: UpdateId;
  /** Sorted by pseudo-random key, so that no order depends on the order of import. */
  readonly orderKey: number;
  /** Rising revision number. */
  readonly revisions: IndexedRevision[];
  /** How many revisions name this update as a prerequisite: 0 makes it a leaf. */
  namedBy: number;
  /** When IsLeaf last changed its answer; 0 when never. */
  leafChangedAt: number;
  /** Revisions whose document says that they supersede this update. */
  supersededBy: ReadonlySet<IndexedRevision>;
}

export class CatalogIndex {
  readonly prerequisites = new PrerequisiteTable();
  readonly #bySlot: (IndexedRevision | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #slots = new SlotTable();
  readonly #updateSlots = new IntegerColumn();
  readonly #signatures = new IntegerColumn();
  readonly #updates: IndexedUpdate[] = [];
  readonly #byUpdateId = new Map<UpdateId, IndexedUpdate>();
  readonly #byHardwareId = new Map<string, Set<IndexedRevision>>();
  readonly #sharedClauses = new Map<string, UpdateSummary['prerequisiteClauses']>();
  #size = 0;
  #version = 0;
  #lastLeafChange = 0;

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#size;
  }

  /** Number of slots ever used: the length for arrays indexed by slot. */
  get slotCount(): number {
    return this.#bySlot.length;
  }

  /** The latest time at which some update's IsLeaf changed. */
  get lastLeafChange(): number {
    return this.#lastLeafChange;
  }

  /**
   * Adds one revision under the server's id for it; `addedAt` is milliseconds since 1970. An id that is there already
   * is replaced. Anything may come in any order: names of updates that are not there yet are remembered.
   */
  add(revisionId: RevisionId, revision: UpdateDocument | UpdateSummary, addedAt = 0): void {
    this.remove(revisionId, addedAt);
    const given = 'root' in revision ? summarize(revision) : revision;
    const clauses = given.prerequisiteClauses.map(({ anyOf }) => anyOf.map((id) => this.#updateOf(id)));
    const summary = this.#share(given, clauses);
    const entry: IndexedRevision = {
      slot: this.#freeSlots.pop() ?? this.#bySlot.length,
      revisionId,
      summary,
      update: this.#updateOf(summary.identity.updateId),
      signature: this.prerequisites.signatureFor(clauses.map((clause) => clause.map(({ slot }) => slot))),
      addedAt,
    };
    this.#bySlot[entry.slot] = entry;
    this.#slots.set(revisionId, entry.slot);
    this.#updateSlots.set(entry.slot, entry.update.slot);
    this.#signatures.set(entry.slot, entry.signature.id);
    this.#size++;
    entry.signature.slots.push(entry.slot);
    insertByNumber(entry.update.revisions, entry);
    for (const update of new Set(clauses.flat())) this.#name(update, 1, addedAt);
    for (const id of summary.supersedes) this.#supersede(this.#updateOf(id)).add(entry);
    for (const { hardwareId } of summary.drivers) this.#driversFor(hardwareId.toLowerCase()).add(entry);
    this.#version++;
  }

  /** Takes one revision out; unknown ids are ignored. */
  remove(revisionId: RevisionId, removedAt = 0): void {
    const entry = this.get(revisionId);
    if (!entry) return;
    this.#slots.delete(revisionId);
    this.#size--;
    this.#bySlot[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
    drop(entry.signature.slots, entry.slot);
    drop(entry.update.revisions, entry);
    const named = new Set(entry.summary.prerequisiteClauses.flatMap(({ anyOf }) => anyOf));
    for (const id of named) this.#name(this.#updateOf(id), -1, removedAt);
    for (const id of entry.summary.supersedes) this.#supersede(this.#updateOf(id)).delete(entry);
    for (const { hardwareId } of entry.summary.drivers) this.#driversFor(hardwareId.toLowerCase()).delete(entry);
    this.#version++;
  }

  get(revisionId: RevisionId): IndexedRevision | undefined {
    return this.#bySlot[this.#slots.get(revisionId)];
  }

  /** -1 for an unknown revision. */
  slotOf(revisionId: RevisionId): number {
    return this.#slots.get(revisionId);
  }

  /** The slot of the update behind a revision's slot. */
  updateSlotOf(slot: number): number {
    return this.#updateSlots.get(slot);
  }

  /** The id of the signature of a revision's slot. */
  signatureOf(slot: number): number {
    return this.#signatures.get(slot);
  }

  at(slot: number): IndexedRevision | undefined {
    return this.#bySlot[slot];
  }

  find(identity: UpdateIdentity): IndexedRevision | undefined {
    const update = this.#byUpdateId.get(identity.updateId);
    return update?.revisions.find(({ summary }) => summary.identity.revisionNumber === identity.revisionNumber);
  }

  /** The update with this id, also when it is only named by others (then it has no revisions). */
  update(updateId: UpdateId): IndexedUpdate | undefined {
    return this.#byUpdateId.get(updateId);
  }

  /** The revision with the highest number, which a name without a revision means (MS-WUSP 3.1.1). */
  latest(updateId: UpdateId): IndexedRevision | undefined {
    return this.#byUpdateId.get(updateId)?.revisions.at(-1);
  }

  updateAt(slot: number): IndexedUpdate | undefined {
    return this.#updates[slot];
  }

  /** False exactly when some revision names the update as a prerequisite; bundles do not count (MS-WUSP 3.1.5.7). */
  isLeaf(updateId: UpdateId): boolean {
    return (this.#byUpdateId.get(updateId)?.namedBy ?? 0) === 0;
  }

  /** Every update that has at least one revision. */
  *updates(): Generator<IndexedUpdate> {
    for (const update of this.#updates) if (update.revisions.length > 0) yield update;
  }

  /** Driver revisions with a row for this hardware id, in any letter case. */
  drivers(hardwareId: string): ReadonlySet<IndexedRevision> {
    return this.#byHardwareId.get(hardwareId.toLowerCase()) ?? nobody;
  }

  #driversFor(hardwareId: string): Set<IndexedRevision> {
    const known = this.#byHardwareId.get(hardwareId);
    if (known) return known;
    const drivers = new Set<IndexedRevision>();
    this.#byHardwareId.set(hardwareId, drivers);
    return drivers;
  }

  /** The same summary on shared ids and clauses: 100,000 revisions name the same few thousand updates over and over. */
  #share(summary: UpdateSummary, clauses: readonly (readonly IndexedUpdate[])[]): UpdateSummary {
    const key = clauses
      .map(
        (clause, at) => `${summary.prerequisiteClauses[at]?.isCategory ? '+' : '-'}${clause.map(({ slot }) => slot)}`,
      )
      .join(';');
    let prerequisiteClauses = this.#sharedClauses.get(key);
    if (!prerequisiteClauses) {
      prerequisiteClauses = clauses.map((clause, at) => ({
        isCategory: summary.prerequisiteClauses[at]?.isCategory ?? false,
        anyOf: clause.map(({ updateId }) => updateId),
      }));
      this.#sharedClauses.set(key, prerequisiteClauses);
    }
    const shared = (id: UpdateId) => this.#updateOf(id).updateId;
    const identity = (one: UpdateIdentity) => ({ updateId: shared(one.updateId), revisionNumber: one.revisionNumber });
    return {
      ...summary,
      identity: identity(summary.identity),
      prerequisiteClauses,
      bundleClauses: summary.bundleClauses.map((clause) => clause.map(identity)),
      supersedes: summary.supersedes.map(shared),
    };
  }

  #updateOf(updateId: UpdateId): IndexedUpdate {
    const known = this.#byUpdateId.get(updateId);
    if (known) return known;
    const update: IndexedUpdate = {
      slot: this.#updates.length,
      updateId,
      orderKey: orderKeyOf(updateId),
      revisions: [],
      namedBy: 0,
      leafChangedAt: 0,
      supersededBy: nobody,
    };
    this.#updates.push(update);
    this.#byUpdateId.set(updateId, update);
    return update;
  }

  /** The set of its own that an update gets when something first supersedes it. */
  #supersede(update: IndexedUpdate): Set<IndexedRevision> {
    if (update.supersededBy === nobody) update.supersededBy = new Set();
    return update.supersededBy as Set<IndexedRevision>;
  }

  #name(update: IndexedUpdate, by: 1 | -1, at: number): void {
    const wasLeaf = update.namedBy === 0;
    update.namedBy += by;
    if (wasLeaf === (update.namedBy === 0)) return;
    update.leafChangedAt = at;
    this.#lastLeafChange = Math.max(this.#lastLeafChange, at);
  }
}

const nobody: ReadonlySet<IndexedRevision> = new Set();

/** Same answer for the same update on every server: 53 bits of its id. */
function orderKeyOf(updateId: UpdateId): number {
  const digits = updateId.replaceAll('-', '');
  return Number.parseInt(digits.slice(0, 13), 16) * 2 + (Number.parseInt(digits.slice(13, 14), 16) >> 3);
}

function insertByNumber(revisions: IndexedRevision[], entry: IndexedRevision): void {
  const number = entry.summary.identity.revisionNumber;
  let at = revisions.length;
  while (at > 0 && (revisions[at - 1]?.summary.identity.revisionNumber ?? 0) > number) at--;
  revisions.splice(at, 0, entry);
}

function drop<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
