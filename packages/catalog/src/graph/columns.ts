// Growing columns of small integers. A decision touches a few numbers of each cached revision. Kept side by side they
// stay in the processor's cache for a catalog of any size. Objects scattered over the heap do not.

export class IntegerColumn {
  #values = new Int32Array(1024);

  get(at: number): number {
    return this.#values[at] ?? 0;
  }

  set(at: number, value: number): void {
    if (at >= this.#values.length) {
      const larger = new Int32Array(2 ** Math.ceil(Math.log2(at + 1)));
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[at] = value;
  }
}

/** Distinct lists of integers, numbered from 0 in the order in which they came. */
export class IntegerLists {
  /** Number + 1 of the first list with such a mix. 0 for none. Their count is a power of two. */
  #heads = new Int32Array(1024);
  /** Number of a list → number + 1 of the next one with such a mix. */
  readonly #next = new IntegerColumn();
  readonly #mixes = new IntegerColumn();
  /** List `n` is in `values` from `starts` of n to before that of n + 1. */
  readonly #starts = new IntegerColumn();
  readonly #values = new IntegerColumn();
  #size = 0;

  /** The number of this list, which is `size` before the call when it is new. */
  numberOf(list: readonly number[]): number {
    const mix = mixOf(list);
    for (let link = this.#heads[mix & (this.#heads.length - 1)] ?? 0; link > 0; link = this.#next.get(link - 1)) {
      if (this.#mixes.get(link - 1) === mix && this.#is(link - 1, list)) return link - 1;
    }
    return this.#add(list, mix);
  }

  #is(number: number, list: readonly number[]): boolean {
    const start = this.#starts.get(number);
    if (this.#starts.get(number + 1) - start !== list.length) return false;
    for (let at = 0; at < list.length; at++) if (this.#values.get(start + at) !== list[at]) return false;
    return true;
  }

  #add(list: readonly number[], mix: number): number {
    const number = this.#size++;
    const start = this.#starts.get(number);
    for (let at = 0; at < list.length; at++) this.#values.set(start + at, list[at] ?? 0);
    this.#starts.set(number + 1, start + list.length);
    this.#mixes.set(number, mix);
    if (this.#size > this.#heads.length) this.#grow();
    else this.#link(number, mix);
    return number;
  }

  #link(number: number, mix: number): void {
    const place = mix & (this.#heads.length - 1);
    this.#next.set(number, this.#heads[place] ?? 0);
    this.#heads[place] = number + 1;
  }

  #grow(): void {
    this.#heads = new Int32Array(this.#heads.length * 4);
    for (let number = 0; number < this.#size; number++) this.#link(number, this.#mixes.get(number));
  }
}

function mixOf(list: readonly number[]): number {
  let mixed = list.length;
  for (const value of list) mixed = Math.imul(mixed ^ value, 0x9e3779b1) ^ (mixed >>> 15);
  return (mixed ^ (mixed >>> 16)) & 0x3fffffff;
}

/** Ids up to here have a place in a column. A server gives them out from 1, so larger ones are rare. */
const densestIds = 2 ** 24;

/** Revision id → slot. */
export class SlotTable {
  /** Slot + 1. 0 for none. */
  readonly #dense = new IntegerColumn();
  readonly #sparse = new Map<number, number>();

  /** -1 for an unknown id, whatever it is. */
  get(id: number): number {
    if (id >= 0 && id < densestIds) return this.#dense.get(id) - 1;
    return this.#sparse.get(id) ?? -1;
  }

  set(id: number, slot: number): void {
    if (id < densestIds) this.#dense.set(id, slot + 1);
    else this.#sparse.set(id, slot);
  }

  delete(id: number): void {
    if (id < densestIds) this.#dense.set(id, 0);
    else this.#sparse.delete(id);
  }
}
