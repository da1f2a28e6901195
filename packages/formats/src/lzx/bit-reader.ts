// LZX bits: 16-bit little-endian words, most significant bit first. Reading a little past the end gives zeros, as a
// decoder looks ahead. `isOverrun` tells whether bits that were not there have really been used.

export class BitReader {
  readonly bytes: Uint8Array;
  /** Next bits, the first at the top. */
  bits = 0;
  /** How many of them are valid. */
  left = 0;
  /** Next byte to load. Runs past the end with zeros. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Up to 17 bits. */
  read(count: number): number {
    if (count === 0) return 0;
    this.refill();
    const value = this.bits >>> (32 - count);
    this.skip(count);
    return value;
  }

  /** Makes at least 17 bits valid. */
  refill(): void {
    while (this.left <= 16) {
      const word = ((this.bytes[this.at + 1] ?? 0) << 8) | (this.bytes[this.at] ?? 0);
      this.bits |= word << (16 - this.left);
      this.left += 16;
      this.at += 2;
    }
  }

  skip(count: number): void {
    this.bits <<= count;
    this.left -= count;
  }

  /**
   * Changes from bits to bytes. It passes 1 to 16 bits to the next word border, and gives back the words that were
   * loaded ahead. After an odd number of bytes, words are at odd places. The rest of an uncompressed block at the start
   * of a frame is such a number.
   */
  toBytes(): void {
    const begin = this.at % 2;
    const used = (this.at - begin) * 8 - this.left;
    this.at = begin + (Math.floor(used / 16) + 1) * 2;
    this.bits = 0;
    this.left = 0;
  }

  get isOverrun(): boolean {
    return this.at * 8 - this.left > this.bytes.length * 8;
  }
}
