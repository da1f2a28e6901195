// Finds earlier occurrences for the LZX encoder: hash chains over a buffer that slides as the folder goes on. Positions
// count from the beginning of the folder, so that chains survive the sliding.

const shortHashBits = 15;

export class MatchFinder {
  /** Length and distance of what `find` found. Length 0 for nothing. */
  length = 0;
  distance = 0;
  readonly #windowBytes: number;
  readonly #mask: number;
  readonly #maxTries: number;
  readonly #hashBits: number;
  /** By four bytes, with chains. By three bytes, the newest only. */
  readonly #newest: Int32Array;
  readonly #newestShort = new Int32Array(1 << shortHashBits).fill(-1);
  readonly #older: Int32Array;
  readonly #buffer: Uint8Array;
  #misses = 0;
  /** Position of the buffer's first byte, and of the byte behind its last. */
  #begin = 0;
  #end = 0;

  constructor(windowBits: number, maxTries: number) {
    this.#windowBytes = 2 ** windowBits;
    this.#mask = this.#windowBytes - 1;
    this.#maxTries = maxTries;
    this.#hashBits = Math.min(18, windowBits);
    this.#newest = new Int32Array(1 << this.#hashBits).fill(-1);
    this.#older = new Int32Array(this.#windowBytes);
    this.#buffer = new Uint8Array(2 * this.#windowBytes + 2 ** 18);
  }

  /** Appends pieces (at most 256 KB together). It forgets bytes that are more than a window before them. */
  append(pieces: readonly Uint8Array[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let at = this.#end - this.#begin;
    if (at + length > this.#buffer.length) {
      this.#buffer.copyWithin(0, at - this.#windowBytes, at);
      this.#begin = this.#end - this.#windowBytes;
      at = this.#windowBytes;
    }
    for (const piece of pieces) {
      this.#buffer.set(piece, at);
      at += piece.length;
    }
    this.#end = this.#begin + at;
  }

  byteAt(position: number): number {
    return this.#buffer[position - this.#begin] as number;
  }

  /**
   * How far the bytes at `position` repeat those `distance` before, up to `most`. 0 when that is before the beginning.
   */
  repeatLength(position: number, distance: number, most: number): number {
    const at = position - this.#begin;
    if (distance > at || distance > this.#windowBytes) return 0;
    const buffer = this.#buffer;
    let length = 0;
    while (length < most && buffer[at + length] === buffer[at + length - distance]) length++;
    return length;
  }

  /** The longest match of three bytes or more for the bytes at `position`, which is remembered. */
  find(position: number, most: number): void {
    this.length = 0;
    if (this.#end - position < 4) return;
    const buffer = this.#buffer;
    const at = position - this.#begin;
    const short = hashOf(readThree(buffer, at), shortHashBits);
    const near = this.#newestShort[short] as number;
    this.#newestShort[short] = position;
    const hash = this.#hashFour(at);
    let candidate = this.#newest[hash] as number;
    this.#newest[hash] = position;
    this.#older[position & this.#mask] = candidate;
    // The farthest distance that has a slot is three less than the window, which 7-Zip unpacks wrong with 15 bits.
    const earliest = Math.max(0, position - this.#windowBytes + 4);
    let best = 2;
    if (near >= earliest) best = this.#measure(near, position, most, best);
    for (let tries = this.#tries(); candidate >= earliest && tries > 0 && best < most; tries--) {
      const from = candidate - this.#begin;
      if (buffer[from + best] === buffer[at + best] && buffer[from] === buffer[at]) {
        best = this.#measure(candidate, position, most, best);
      }
      const next = this.#older[candidate & this.#mask] as number;
      if (next >= candidate) break;
      candidate = next;
    }
    this.#misses = this.length > 0 ? 0 : this.#misses + 1;
  }

  /** Remembers the positions of [from, to) without looking for matches. */
  insert(from: number, to: number): void {
    const stop = Math.min(to, this.#end - 3);
    for (let position = from; position < stop; position++) {
      const at = position - this.#begin;
      const hash = this.#hashFour(at);
      this.#older[position & this.#mask] = this.#newest[hash] as number;
      this.#newest[hash] = position;
      this.#newestShort[hashOf(readThree(this.#buffer, at), shortHashBits)] = position;
    }
  }

  #measure(candidate: number, position: number, most: number, best: number): number {
    const length = this.repeatLength(position, position - candidate, most);
    if (length <= best) return best;
    this.length = length;
    this.distance = position - candidate;
    return length;
  }

  /** If the data does not repeat, a long search is wasted. */
  #tries(): number {
    return this.#misses > 128 ? 2 : this.#maxTries;
  }

  #hashFour(at: number): number {
    const four = readThree(this.#buffer, at) | ((this.#buffer[at + 3] as number) << 24);
    return hashOf(four, this.#hashBits);
  }
}

function readThree(buffer: Uint8Array, at: number): number {
  return (buffer[at] as number) | ((buffer[at + 1] as number) << 8) | ((buffer[at + 2] as number) << 16);
}

function hashOf(value: number, bits: number): number {
  return Math.imul(value, 0x9e3779b1) >>> (32 - bits);
}
