// Prerequisites, shared and inverted. Thousands of updates have the same prerequisites, so distinct clauses and
// distinct sets of clauses ("signatures") are kept once. Each signature is watched from its rarest clause only: a
// client's installed updates lead straight to the signatures that can be satisfied, and the rest is never looked at.
//
// Hard part: no request may cost what the catalogue holds. The price of a request is the number of clauses its
// installed updates satisfy plus the signatures watched there.

/** A distinct set of clauses; `slots` are the revisions that have exactly it. */
export interface Signature {
  readonly id: number;
  readonly clauses: readonly number[];
  readonly slots: number[];
}

export class PrerequisiteTable {
  readonly signatures: Signature[] = [];
  readonly #clauseByKey = new Map<string, number>();
  readonly #signatureByKey = new Map<string, Signature>();
  /** Update slot → clauses in which it is an alternative. */
  readonly #clausesOfUpdate: (number[] | undefined)[] = [];
  readonly #clauseMembers: (readonly number[])[] = [];
  /**
   * Clause → signatures watched from it: of each its id, how many other clauses it has, and those, all in one row. A
   * request reads thousands of them, one behind the other; from object to object it would wait for memory.
   */
  readonly #watchers: number[][] = [];
  /** Clause → signatures that contain it: the measure of rarity. */
  readonly #uses: number[] = [];
  /** Marks of the running request; a mark counts when it equals `#generation`. */
  readonly #clauseMarks: number[] = [];
  readonly #signatureMarks: number[] = [];
  #generation = 0;

  /** The shared signature for these clauses, each a list of update slots. */
  signatureFor(clauses: readonly (readonly number[])[]): Signature {
    const ids = [...new Set(clauses.map((clause) => this.#clauseId(clause)))].sort((a, b) => a - b);
    const key = ids.join(',');
    return this.#signatureByKey.get(key) ?? this.#addSignature(key, ids);
  }

  clauseMembers(clause: number): readonly number[] {
    return this.#clauseMembers[clause] ?? [];
  }

  /** Ids of the signatures satisfied by these installed updates; isSatisfied answers for them until the next call. */
  satisfiedBy(installedUpdates: Iterable<number>): number[] {
    const generation = ++this.#generation;
    const satisfied = this.#withoutClauses(generation);
    for (const clause of this.#markClauses(installedUpdates, generation)) {
      const watchers = this.#watchers[clause] ?? [];
      for (let at = 0; at < watchers.length; ) {
        const id = watchers[at] ?? 0;
        const end = at + 2 + (watchers[at + 1] ?? 0);
        let other = at + 2;
        while (other < end && this.#clauseMarks[watchers[other] ?? 0] === generation) other++;
        at = end;
        if (other < end) continue;
        this.#signatureMarks[id] = generation;
        satisfied.push(id);
      }
    }
    return satisfied;
  }

  isSatisfied(signature: number): boolean {
    return this.#signatureMarks[signature] === this.#generation;
  }

  #withoutClauses(generation: number): number[] {
    const empty = this.#signatureByKey.get('');
    if (!empty) return [];
    this.#signatureMarks[empty.id] = generation;
    return [empty.id];
  }

  /** Marks the clauses in which an installed update is an alternative, and answers them. */
  #markClauses(installedUpdates: Iterable<number>, generation: number): number[] {
    const clauses: number[] = [];
    for (const update of installedUpdates) {
      for (const clause of this.#clausesOfUpdate[update] ?? []) {
        if (this.#clauseMarks[clause] === generation) continue;
        this.#clauseMarks[clause] = generation;
        clauses.push(clause);
      }
    }
    return clauses;
  }

  #clauseId(members: readonly number[]): number {
    const sorted = [...new Set(members)].sort((a, b) => a - b);
    const key = sorted.join(',');
    const known = this.#clauseByKey.get(key);
    if (known !== undefined) return known;
    const id = this.#clauseMembers.length;
    this.#clauseByKey.set(key, id);
    this.#clauseMembers.push(sorted);
    this.#watchers.push([]);
    this.#uses.push(0);
    this.#clauseMarks.push(0);
    for (const update of sorted) {
      const clauses = this.#clausesOfUpdate[update];
      if (clauses) clauses.push(id);
      else this.#clausesOfUpdate[update] = [id];
    }
    return id;
  }

  #addSignature(key: string, clauses: readonly number[]): Signature {
    const signature: Signature = { id: this.signatures.length, clauses, slots: [] };
    this.signatures.push(signature);
    this.#signatureMarks.push(0);
    this.#signatureByKey.set(key, signature);
    let rarest: number | undefined;
    for (const clause of clauses) {
      const uses = (this.#uses[clause] ?? 0) + 1;
      this.#uses[clause] = uses;
      if (rarest === undefined || uses < (this.#uses[rarest] ?? 0)) rarest = clause;
    }
    const watchers = rarest === undefined ? undefined : this.#watchers[rarest];
    watchers?.push(signature.id, clauses.length - 1);
    for (const clause of clauses) if (clause !== rarest) watchers?.push(clause);
    return signature;
  }
}
