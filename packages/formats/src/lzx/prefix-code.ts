// Decoding one canonical prefix code of LZX: a table for the short codes, a search by length for the long ones.
import { FormatError } from '../errors.ts';
import type { BitReader } from './bit-reader.ts';

const longestCode = 16;

export class PrefixCode {
  readonly tableBits: number;
  /** Next tableBits bits → symbol << 5 | length. 0 for a long code or none. */
  readonly #table: Uint16Array;
  readonly #sorted: Uint16Array;
  /** Per length, left-aligned to 16 bits: one past its last code, its first code, and where its symbols begin. */
  readonly #limits: Uint32Array;
  readonly #firsts: Uint32Array;
  readonly #starts: Uint32Array;

  /** `place`: where in the codec's memory it lies, for a code that is read there (packages/formats/assembly/lzx.ts). */
  constructor(symbolCount: number, tableBits: number, place?: { buffer: ArrayBufferLike; offset: number }) {
    this.tableBits = tableBits;
    const tableBytes = 2 << tableBits;
    const { buffer, offset } = place ?? { buffer: new ArrayBuffer(tableBytes + 216 + symbolCount * 2), offset: 0 };
    const search = offset + tableBytes;
    this.#table = new Uint16Array(buffer, offset, 1 << tableBits);
    this.#limits = new Uint32Array(buffer, search, 18);
    this.#firsts = new Uint32Array(buffer, search + 72, 18);
    this.#starts = new Uint32Array(buffer, search + 144, 18);
    this.#sorted = new Uint16Array(buffer, search + 216, symbolCount);
  }

  /** Takes new code lengths (0: no code). Throws FORMAT_BAD_DATA when there are more codes than bits allow. */
  build(lengths: Uint8Array): void {
    this.#table.fill(0);
    this.#sort(lengths);
    let code = 0;
    let place = 0;
    for (let bits = 1; bits <= longestCode; bits++) {
      const step = 1 << (longestCode - bits);
      const end = this.#starts[bits + 1] as number;
      this.#firsts[bits] = code;
      if (code + step * (end - place) > 1 << longestCode)
        throw new FormatError('FORMAT_BAD_DATA', 'An LZX code has too many symbols.');
      if (bits <= this.tableBits) this.#fill(code, bits, place, end);
      code += step * (end - place);
      place = end;
      this.#limits[bits] = code;
    }
  }

  /** Symbols by the length of their codes, and where those of each length begin. */
  #sort(lengths: Uint8Array): void {
    const starts = this.#starts.fill(0);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const bits = lengths[symbol] as number;
      if (bits > 0) starts[bits + 1] = (starts[bits + 1] as number) + 1;
    }
    for (let bits = 2; bits < starts.length; bits++) {
      starts[bits] = (starts[bits] as number) + (starts[bits - 1] as number);
    }
    const next = starts.slice();
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const bits = lengths[symbol] as number;
      if (bits === 0) continue;
      const place = next[bits] as number;
      this.#sorted[place] = symbol;
      next[bits] = place + 1;
    }
  }

  #fill(firstCode: number, bits: number, begin: number, end: number): void {
    const width = 1 << (this.tableBits - bits);
    let at = firstCode >> (longestCode - this.tableBits);
    for (let place = begin; place < end; place++) {
      const entry = ((this.#sorted[place] as number) << 5) | bits;
      for (const stop = at + width; at < stop; at++) this.#table[at] = entry;
    }
  }

  /** The next symbol. Throws FORMAT_BAD_DATA for bits that mean nothing. */
  read(reader: BitReader): number {
    reader.refill();
    const entry = this.#table[reader.bits >>> (32 - this.tableBits)] as number;
    const found = entry === 0 ? this.#long(reader.bits >>> 16) : entry;
    reader.skip(found & 31);
    return found >> 5;
  }

  /** A code longer than the table's, from the next 16 bits: symbol << 5 | length. */
  #long(next: number): number {
    for (let bits = this.tableBits + 1; bits <= longestCode; bits++) {
      if (next < (this.#limits[bits] as number)) {
        const place = (next - (this.#firsts[bits] as number)) >> (longestCode - bits);
        return ((this.#sorted[(this.#starts[bits] as number) + place] as number) << 5) | bits;
      }
    }
    throw new FormatError('FORMAT_BAD_DATA', 'Bits in the LZX data mean no symbol.');
  }
}
