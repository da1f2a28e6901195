// Growing columns of small integers. A decision touches a few numbers of each cached revision; kept side by side they
// stay in the processor's cache however large the catalogue is, which objects scattered over the heap do not.

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

/** Ids up to here have a place in a column; a server gives them out from 1, so larger ones are rare. */
const densestIds = 2 ** 24;

/** Revision id → slot. */
export class SlotTable {
  /** Slot + 1; 0 for none. */
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
