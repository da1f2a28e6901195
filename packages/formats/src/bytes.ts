// Bounded little-endian reading and writing: nothing here ever reads outside its input, and every failure says where.
import { FormatError } from './errors.ts';

/** A cursor over bytes. A read past the end throws FORMAT_TRUNCATED with the offset in the whole file. */
export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #at = 0;

  /** `base` is the offset of `bytes` in the whole file: errors and `offset` count from there. */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#base = base;
  }

  get offset(): number {
    return this.#base + this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  bytes(length: number): Uint8Array {
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** Bytes up to a NUL, which is consumed but not answered. At most `maxBytes` before it. */
  untilNul(maxBytes: number): Uint8Array {
    const nul = this.#bytes.indexOf(0, this.#at);
    const length = (nul < 0 ? this.#bytes.length : nul) - this.#at;
    if (length > maxBytes) {
      throw new FormatError('FORMAT_BAD_HEADER', `A name is longer than ${maxBytes} bytes.`, { offset: this.offset });
    }
    const text = this.bytes(length);
    this.#take(1);
    return text;
  }

  #take(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) {
      throw new FormatError('FORMAT_TRUNCATED', `The input ends ${length} bytes short.`, { offset: this.offset });
    }
    this.#at = from + length;
    return from;
  }
}

/** Bytes appended one field after the other, growing as needed. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#at;
  }

  u8(value: number): this {
    this.#view.setUint8(this.#reserve(1), value);
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** The written bytes. A view that the next write may move. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(length: number): number {
    const from = this.#at;
    const needed = from + length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, from));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#at = needed;
    return from;
  }
}
