// The catalog in memory: revisions in dense slots, updates in dense slots, prerequisites shared and inverted.
// Adding and removing are incremental. Nothing here depends on the order in which revisions came.
import type { RevisionId, UpdateId, UpdateIdentity } from '../ids.ts';
import type { PrerequisiteClause, UpdateDocument, UpdateType } from '../metadata/index.ts';
import { IntegerColumn, SlotTable } from './columns.ts';
import { KnownClauses } from './known-clauses.ts';
import { PrerequisiteTable, type Signature } from './prerequisites.ts';
import {
  decodeClause,
  decodeMore,
  type EncodedSummary,
  encodeClause,
  type MoreOfSummary,
  summarize,
  type UpdateSummary,
} from './summary.ts';

/** One revision in the index. `slot` is its dense number. Slots of removed revisions are used again. */
export interface IndexedRevision {
  readonly slot: number;
  readonly revisionId: RevisionId;
  readonly summary: UpdateSummary;
  readonly update: IndexedUpdate;
  readonly signature: Signature;
  /** Milliseconds since 1970, when it became part of the catalog. */
  readonly addedAt: number;
}

/** One update: its revisions, and who names it. Exists as soon as anything names it. */
export interface IndexedUpdate {
  readonly slot: number;
  readonly updateId: UpdateId;
  /** Sorted by pseudo-random key, so that no order depends on the order of import. */
  readonly orderKey: number;
  /** Rising revision number. */
  revisions: readonly IndexedRevision[];
  /** How many revisions name this update as a prerequisite: 0 makes it a leaf. */
  namedBy: number;
  /** When IsLeaf last changed its answer. 0 when never. */
  leafChangedAt: number;
  /** Revisions whose document says that they supersede this update. */
  supersededBy: ReadonlySet<IndexedRevision>;
}

interface KnownClause {
  readonly text: string;
  readonly clause: PrerequisiteClause;
  readonly updates: readonly IndexedUpdate[];
  /** Its number in the table of prerequisites. */
  readonly id: number;
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
  readonly #clauses = new KnownClauses((text) => this.#makeClause(text));
  /** The names of the revision that is being added, and the numbers of its clauses. */
  readonly #named: KnownClause[] = [];
  readonly #clauseIds: number[] = [];
  readonly #countedIn = new IntegerColumn();
  #counting = 0;
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
   * Adds one revision under the server's id for it. `addedAt` is milliseconds since 1970. An id that is there already
   * is replaced. Anything may come in any order: names of updates that are not there yet are remembered.
   */
  add(revisionId: RevisionId, revision: UpdateDocument | UpdateSummary, addedAt = 0): IndexedRevision {
    const summary = 'root' in revision ? summarize(revision) : revision;
    this.#named.length = 0;
    for (const clause of summary.prerequisiteClauses) this.#clauses.read(encodeClause(clause), this.#named);
    return this.#insert(revisionId, { ...summary, ...summary.identity }, summary, addedAt);
  }

  /** As add, from what encodeSummary made of the document: the fast way, since most of it was read before. */
  addEncoded(revisionId: RevisionId, summary: EncodedSummary, addedAt = 0): IndexedRevision {
    this.#named.length = 0;
    this.#clauses.read(summary.clauses, this.#named);
    return this.#insert(revisionId, summary, decodeMore(summary.more), addedAt);
  }

  /** `#named` is what the revision names. */
  #insert(revisionId: RevisionId, facts: SummaryFacts, more: MoreOfSummary, addedAt: number): IndexedRevision {
    this.remove(revisionId, addedAt);
    const update = this.#updateOf(facts.updateId as UpdateId);
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    const ids = this.#clauseIds;
    ids.length = 0;
    for (const { id } of this.#named) ids.push(id);
    const signature = this.prerequisites.place(slot, ids);
    const summary = this.#summary(facts, more, update);
    const entry: IndexedRevision = { slot, revisionId, summary, update, signature, addedAt };
    this.#bySlot[slot] = entry;
    this.#slots.set(revisionId, slot);
    this.#updateSlots.set(slot, update.slot);
    this.#signatures.set(slot, signature.id);
    this.#size++;
    update.revisions = withRevision(update.revisions, entry);
    this.#countNamed(addedAt);
    for (const id of summary.supersedes) this.#supersede(this.#updateOf(id)).add(entry);
    for (const { hardwareId } of summary.drivers) this.#driversFor(hardwareId.toLowerCase()).add(entry);
    this.#version++;
    return entry;
  }

  /** Counts a further revision that names these updates, once for each, in however many clauses it is. */
  #countNamed(at: number): void {
    const counting = ++this.#counting;
    for (const { updates } of this.#named) {
      for (const update of updates) {
        if (this.#countedIn.get(update.slot) === counting) continue;
        this.#countedIn.set(update.slot, counting);
        this.#name(update, 1, at);
      }
    }
  }

  /** Takes one revision out. Unknown ids are ignored. */
  remove(revisionId: RevisionId, removedAt = 0): void {
    const entry = this.get(revisionId);
    if (!entry) return;
    this.#slots.delete(revisionId);
    this.#size--;
    this.#bySlot[entry.slot] = undefined;
    this.#freeSlots.push(entry.slot);
    drop(entry.signature.slots, entry.slot);
    entry.update.revisions = entry.update.revisions.filter((revision) => revision !== entry);
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

  /** False exactly when some revision names the update as a prerequisite. Bundles do not count (MS-WUSP 3.1.5.7). */
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

  /** The summary to keep, on shared ids and clauses. */
  #summary(facts: SummaryFacts, more: MoreOfSummary, { updateId }: IndexedUpdate): UpdateSummary {
    const { bundleClauses, supersedes, drivers } = more;
    return {
      identity: { updateId, revisionNumber: facts.revisionNumber },
      updateType: sharedType(facts.updateType),
      explicitlyDeployable: facts.explicitlyDeployable,
      isExpired: facts.isExpired,
      prerequisiteClauses: this.#named.map(clauseOf),
      // Most have none, and those share one empty list.
      bundleClauses: bundleClauses.length === 0 ? bundleClauses : bundleClauses.map(this.#shareMembers),
      supersedes: supersedes.length === 0 ? supersedes : supersedes.map(this.#shareId),
      drivers,
    };
  }

  readonly #shareId = (id: UpdateId): UpdateId => this.#updateOf(id).updateId;

  readonly #shareMember = ({ updateId, revisionNumber }: UpdateIdentity): UpdateIdentity => {
    const update = this.#updateOf(updateId);
    const known = update.revisions.at(-1)?.summary.identity;
    return known?.revisionNumber === revisionNumber ? known : { updateId: update.updateId, revisionNumber };
  };

  readonly #shareMembers = (clause: UpdateIdentity[]): UpdateIdentity[] => clause.map(this.#shareMember);

  #makeClause(text: string): KnownClause {
    const { isCategory, anyOf } = decodeClause(text);
    const updates = anyOf.map((id) => this.#byUpdateId.get(id) ?? this.#updateOf(ownText(id)));
    const clause = { isCategory, anyOf: updates.map(({ updateId }) => updateId) };
    const id = this.prerequisites.clauseFor(updates.map(({ slot }) => slot));
    return { text: encodeClause(clause), clause, updates, id };
  }

  #updateOf(updateId: UpdateId): IndexedUpdate {
    const known = this.#byUpdateId.get(updateId);
    if (known) return known;
    const update: IndexedUpdate = {
      slot: this.#updates.length,
      updateId,
      orderKey: orderKeyOf(updateId),
      revisions: noRevisions,
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

/** The rest of a summary, without prerequisites and rare parts. */
type SummaryFacts = Omit<EncodedSummary, 'clauses' | 'more'>;

const updateTypes: readonly UpdateType[] = ['Software', 'Driver', 'Category', 'Detectoid'];

/** A text from a store is one of its own, for each of 100,000 revisions. */
function sharedType(text: string): UpdateType {
  return updateTypes.find((known) => known === text) ?? (text as UpdateType);
}

function clauseOf({ clause }: KnownClause): PrerequisiteClause {
  return clause;
}

const nobody: ReadonlySet<IndexedRevision> = new Set();

/** The same as a text of its own: a piece of a long one keeps all of that in memory. */
function ownText(id: UpdateId): UpdateId {
  return JSON.parse(`"${id}"`) as UpdateId;
}

const noRevisions: readonly IndexedRevision[] = [];

/** Same answer for the same update on every server: the first 53 bits of its id. */
function orderKeyOf(updateId: UpdateId): number {
  let bits = 0;
  for (let at = 0; at < 15; at++) if (at !== 8 && at !== 13) bits = bits * 16 + digitAt(updateId, at);
  return bits * 2 + (digitAt(updateId, 15) >> 3);
}

function digitAt(updateId: UpdateId, at: number): number {
  const code = updateId.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
}

function withRevision(revisions: readonly IndexedRevision[], entry: IndexedRevision): readonly IndexedRevision[] {
  if (revisions.length === 0) return [entry];
  const number = entry.summary.identity.revisionNumber;
  const at = revisions.findLastIndex(({ summary }) => summary.identity.revisionNumber <= number) + 1;
  return revisions.toSpliced(at, 0, entry);
}

function drop<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
