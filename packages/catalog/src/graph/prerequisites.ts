// Prerequisites, shared and inverted. Thousands of updates have the same prerequisites, so distinct clauses and
// distinct sets of clauses ("signatures") are kept once. Each signature is watched from its rarest clause only: a
// client's installed updates lead straight to the signatures that can be satisfied, and the rest is never looked at.
//
// Hard part: no request may cost what the catalog holds. The price of a request is the number of clauses its
// installed updates satisfy plus the signatures watched there.
import { IntegerLists } from './columns.ts';

/** A distinct set of clauses. `slots` are the revisions that have exactly it. */
export interface Signature {
  readonly id: number;
  readonly clauses: readonly number[];
  readonly slots: number[];
}

/** Lists side by side in one array: row `n` is from `starts[n]` to before `starts[n + 1]`. */
interface Rows {
  readonly starts: Int32Array;
  readonly values: Int32Array;
}

/**
 * The numbers that requests read and mark, laid out again at the first request after a change. They read thousands of
 * numbers. From one small array to the next they mostly wait for memory.
 */
interface Layout {
  readonly clausesOfUpdate: Rows;
  readonly watchers: Rows;
  /** Marks of the running request. A mark counts when it equals its generation. */
  readonly clauseMarks: Int32Array;
  readonly signatureMarks: Int32Array;
}

export class PrerequisiteTable {
  readonly signatures: Signature[] = [];
  /** Clauses by the update slots in them. */
  readonly #clauseLists = new IntegerLists();
  /** Signatures by their clauses. */
  readonly #signatureLists = new IntegerLists();
  #unconditional: Signature | undefined;
  /** Update slot → clauses in which it is an alternative. */
  readonly #clausesOfUpdate: (number[] | undefined)[] = [];
  readonly #clauseMembers: (readonly number[])[] = [];
  /** Clause → signatures watched from it: of each its id, how many other clauses it has, and those. */
  readonly #watchers: (number[] | undefined)[] = [];
  /** Clause → signatures that contain it: the measure of rarity. */
  readonly #uses: number[] = [];
  #layout: Layout | undefined;
  #generation = 0;

  /** The shared number of the clause with these update slots. One of them is enough. `members` gets sorted. */
  clauseFor(members: number[]): number {
    sortOnce(members);
    const id = this.#clauseLists.numberOf(members);
    if (id === this.#clauseMembers.length) this.#addClause(id, members.slice());
    return id;
  }

  /** The shared signature of these clauses. The revision `slot` belongs to it from now on. `clauses` gets sorted. */
  place(slot: number, clauses: number[]): Signature {
    sortOnce(clauses);
    const id = this.#signatureLists.numberOf(clauses);
    const known = this.signatures[id];
    if (!known) return this.#addSignature(id, clauses.slice(), slot);
    known.slots.push(slot);
    return known;
  }

  clauseMembers(clause: number): readonly number[] {
    return this.#clauseMembers[clause] ?? [];
  }

  /** Ids of the signatures satisfied by these installed updates. isSatisfied answers for them until the next call. */
  satisfiedBy(installedUpdates: Iterable<number>): number[] {
    this.#layout ??= this.#layOut();
    const { watchers, clauseMarks, signatureMarks } = this.#layout;
    const generation = ++this.#generation;
    const satisfied: number[] = [];
    const satisfy = (id: number) => {
      signatureMarks[id] = generation;
      satisfied.push(id);
    };
    if (this.#unconditional) satisfy(this.#unconditional.id);
    for (const clause of markClauses(this.#layout, installedUpdates, generation)) {
      const rowEnd = watchers.starts[clause + 1] ?? 0;
      for (let at = watchers.starts[clause] ?? 0; at < rowEnd; ) {
        const id = watchers.values[at] ?? 0;
        const end = at + 2 + (watchers.values[at + 1] ?? 0);
        let other = at + 2;
        while (other < end && clauseMarks[watchers.values[other] ?? 0] === generation) other++;
        if (other === end) satisfy(id);
        at = end;
      }
    }
    return satisfied;
  }

  isSatisfied(signature: number): boolean {
    return this.#layout?.signatureMarks[signature] === this.#generation;
  }

  #layOut(): Layout {
    return {
      clausesOfUpdate: rowsOf(this.#clausesOfUpdate),
      watchers: rowsOf(this.#watchers),
      clauseMarks: new Int32Array(this.#clauseMembers.length),
      signatureMarks: new Int32Array(this.signatures.length),
    };
  }

  #addClause(id: number, sorted: readonly number[]): void {
    this.#layout = undefined;
    this.#clauseMembers.push(sorted);
    this.#watchers.push(undefined);
    this.#uses.push(0);
    for (const update of sorted) {
      const clauses = this.#clausesOfUpdate[update];
      if (clauses) clauses.push(id);
      else this.#clausesOfUpdate[update] = [id];
    }
  }

  #addSignature(id: number, clauses: readonly number[], slot: number): Signature {
    const signature: Signature = { id, clauses, slots: [slot] };
    this.signatures.push(signature);
    this.#layout = undefined;
    if (clauses.length === 0) this.#unconditional = signature;
    let rarest: number | undefined;
    for (const clause of clauses) {
      const uses = (this.#uses[clause] ?? 0) + 1;
      this.#uses[clause] = uses;
      if (rarest === undefined || uses < (this.#uses[rarest] ?? 0)) rarest = clause;
    }
    if (rarest === undefined) return signature;
    let watchers = this.#watchers[rarest];
    if (watchers) watchers.push(signature.id, clauses.length - 1);
    else {
      watchers = [signature.id, clauses.length - 1];
      this.#watchers[rarest] = watchers;
    }
    for (const clause of clauses) if (clause !== rarest) watchers.push(clause);
    return signature;
  }
}

/** Puts them in rising order, each once. They are few, and mostly in order. */
function sortOnce(values: number[]): void {
  let kept = 0;
  for (const value of values) {
    let at = kept;
    while (at > 0 && (values[at - 1] ?? 0) > value) at--;
    if (at > 0 && values[at - 1] === value) continue;
    for (let move = kept++; move > at; move--) values[move] = values[move - 1] ?? 0;
    values[at] = value;
  }
  values.length = kept;
}

/** Marks the clauses in which an installed update is an alternative, and answers them. */
function markClauses(
  { clausesOfUpdate, clauseMarks }: Layout,
  installedUpdates: Iterable<number>,
  generation: number,
): number[] {
  const { starts, values } = clausesOfUpdate;
  const clauses: number[] = [];
  for (const update of installedUpdates) {
    const end = starts[update + 1] ?? 0;
    for (let at = starts[update] ?? 0; at < end; at++) {
      const clause = values[at] ?? 0;
      if (clauseMarks[clause] === generation) continue;
      clauseMarks[clause] = generation;
      clauses.push(clause);
    }
  }
  return clauses;
}

function rowsOf(lists: readonly (readonly number[] | undefined)[]): Rows {
  const starts = new Int32Array(lists.length + 1);
  for (let row = 0; row < lists.length; row++) starts[row + 1] = (starts[row] ?? 0) + (lists[row]?.length ?? 0);
  const values = new Int32Array(starts[lists.length] ?? 0);
  for (let row = 0; row < lists.length; row++) values.set(lists[row] ?? [], starts[row]);
  return { starts, values };
}
