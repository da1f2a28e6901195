// Finds the run of an answer by its 64 bits of hash. A Map of numbers would make an object of every key it is asked for.
import type { Run } from './tally.ts';

const smallest = 4096;

export class RunTable {
  private runs: Run[] = [];
  private size = smallest;
  /** Two halves of the hash, then one more than the place in `runs`; 0 for an empty slot. */
  private slots = new Int32Array(smallest * 3);

  get count(): number {
    return this.runs.length;
  }

  find(h1: number, h2: number): Run | undefined {
    const at = this.slotOf(h1, h2);
    return this.runs[(this.slots[at + 2] as number) - 1];
  }

  add(h1: number, h2: number, run: Run): void {
    if (this.runs.length * 2 >= this.size) this.grow();
    this.runs.push(run);
    this.fill(h1, h2, this.runs.length);
  }

  clear(): void {
    this.runs = [];
    this.slots.fill(0);
  }

  private fill(h1: number, h2: number, place: number): void {
    const at = this.slotOf(h1, h2);
    this.slots[at] = h1;
    this.slots[at + 1] = h2;
    this.slots[at + 2] = place;
  }

  /** The slot of a hash, or the empty one where it belongs. */
  private slotOf(h1: number, h2: number): number {
    const { slots, size } = this;
    let slot = (h1 ^ (h2 >>> 7)) & (size - 1);
    for (;;) {
      const at = slot * 3;
      if (slots[at + 2] === 0 || (slots[at] === (h1 | 0) && slots[at + 1] === (h2 | 0))) return at;
      slot = (slot + 1) & (size - 1);
    }
  }

  private grow(): void {
    const old = this.slots;
    this.size *= 2;
    this.slots = new Int32Array(this.size * 3);
    for (let at = 0; at < old.length; at += 3) {
      const place = old[at + 2] as number;
      if (place !== 0) this.fill(old[at] as number, old[at + 1] as number, place);
    }
  }
}
