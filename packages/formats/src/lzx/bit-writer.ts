// LZX bits: 16-bit little-endian words, filled from the most significant bit.

export class BitWriter {
  #bytes = new Uint8Array(2 ** 16);
  #at = 0;
  #word = 0;
  #free = 16;

  /** Up to 24 bits. */
  write(value: number, count: number): void {
    let left = count;
    while (left >= this.#free) {
      left -= this.#free;
      this.#word = (this.#word << this.#free) | ((value >>> left) & (2 ** this.#free - 1));
      this.#putWord();
    }
    this.#word = (this.#word << left) | (value & (2 ** left - 1));
    this.#free -= left;
  }

  /** Zeros up to the next word. A whole word of them when already there and `atLeastOne` is set. */
  align(atLeastOne: boolean): void {
    if (this.#free < 16 || atLeastOne) this.write(0, this.#free);
  }

  /** Bytes as they are. Only after align. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The written bytes, aligned, as a copy. The writer begins again. */
  take(): Uint8Array {
    this.align(false);
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    return taken;
  }

  #putWord(): void {
    this.#reserve(2);
    this.#bytes[this.#at++] = this.#word;
    this.#bytes[this.#at++] = this.#word >> 8;
    this.#word = 0;
    this.#free = 16;
  }

  #reserve(length: number): void {
    if (this.#at + length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#at + length, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
