// The history of a decoder that refers back: one buffer with room behind the newest window, which moves to the front
// when the room is used up. Matches are copied without a thought for wrapping around, and a claimed window takes no
// memory before it is filled.

const leastRoom = 2 ** 18;

export class SlidingWindow {
  buffer = new Uint8Array(2 ** 16);
  /** The place of the next byte. */
  position = 0;
  readonly #windowBytes: number;
  readonly #fullBytes: number;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#fullBytes = windowBytes + Math.max(windowBytes, leastRoom);
  }

  /**
   * Makes sure that `count` (at most 32 KB) more bytes fit behind `position`, and answers it. `buffer` may be another
   * one afterwards.
   */
  makeRoom(count: number): number {
    const needed = this.position + count;
    if (needed > this.#fullBytes) {
      this.buffer.copyWithin(0, this.position - this.#windowBytes, this.position);
      this.position = this.#windowBytes;
    } else if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.min(this.#fullBytes, this.buffer.length * 2));
      larger.set(this.buffer);
      this.buffer = larger;
    }
    return this.position;
  }
}
