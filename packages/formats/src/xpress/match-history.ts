// Finds earlier occurrences. A hash of three bytes leads to the newest place with it, and a chain to older ones. MS-XCA
// 2.1.4.1 calls it the chained hash table.

interface MatchSearch {
  /** Farthest distance to look back, at most 65,535. */
  maxDistance: number;
  /** Longest match wanted. */
  maxLength: number;
  /** How many older places are tried. */
  maxTries: number;
  /** A match this long ends the search. */
  goodLength: number;
}

const hashBits = 15;
/** Beyond this the tables begin again: they hold 32 bits. */
const highestPosition = 2 ** 30;

export class MatchHistory {
  readonly #search: MatchSearch;
  readonly #mask: number;
  readonly #newest = new Int32Array(1 << hashBits).fill(-1);
  readonly #older: Int32Array;
  /** Positions of the present input count from here in the tables. Everything older is of inputs before it. */
  #base = 0;
  #end = 0;
  #earliest = 0;

  constructor(search: MatchSearch) {
    this.#search = search;
    this.#older = new Int32Array(2 ** Math.ceil(Math.log2(search.maxDistance))).fill(-1);
    this.#mask = this.#older.length - 1;
  }

  /** A new input of so many bytes, as with a new history. To make one costs as much as to pack a small input. */
  renew(bytes: number): void {
    if (this.#end + bytes > highestPosition) {
      this.#newest.fill(-1);
      this.#end = 0;
    }
    this.#base = this.#end;
    this.#end += bytes;
    this.#earliest = 0;
  }

  /** From here on no match reaches back before `position`. Positions only grow in the life of one history. */
  begin(position: number): void {
    this.#earliest = position;
  }

  /**
   * Longest match for input[position...] that ends at or before `to`, and `position` remembered: distance << 16 |
   * length. 0 without a match of three bytes or more.
   */
  find(input: Uint8Array, position: number, to: number): number {
    const room = to - position;
    if (room < 3) return 0;
    const { maxDistance, maxLength, goodLength } = this.#search;
    const older = this.#older;
    const mask = this.#mask;
    const base = this.#base;
    const hash = hashThree(input, position);
    const newest = this.#newest[hash] as number;
    this.#newest[hash] = base + position;
    older[position & mask] = newest;
    let candidate = newest - base;
    const earliest = Math.max(this.#earliest, position - maxDistance);
    const most = Math.min(room, maxLength);
    let best = 2;
    let distance = 0;
    for (let tries = this.#search.maxTries; candidate >= earliest && tries > 0; tries--) {
      if (input[candidate + best] === input[position + best] && input[candidate] === input[position]) {
        let length = 0;
        while (length < most && input[candidate + length] === input[position + length]) length++;
        if (length > best) {
          best = length;
          distance = position - candidate;
          if (length >= goodLength || length === most) break;
        }
      }
      const next = (older[candidate & mask] as number) - base;
      if (next >= candidate) break;
      candidate = next;
    }
    return distance === 0 ? 0 : (distance << 16) | best;
  }

  /** Remembers the places from `from` to before `until`, which a match has passed. */
  insert(input: Uint8Array, from: number, until: number, to: number): void {
    const end = Math.min(until, to - 2);
    for (let position = from; position < end; position++) {
      const hash = hashThree(input, position);
      this.#older[position & this.#mask] = this.#newest[hash] as number;
      this.#newest[hash] = this.#base + position;
    }
  }
}

function hashThree(input: Uint8Array, at: number): number {
  const three = (input[at] as number) | ((input[at + 1] as number) << 8) | ((input[at + 2] as number) << 16);
  return Math.imul(three, 0x9e3779b1) >>> (32 - hashBits);
}
