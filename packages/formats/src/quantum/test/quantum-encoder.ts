// A Quantum encoder, for tests: nobody writes Quantum any more, and a decoder wants more to read than one sample holds.
// What it writes is judged by cabextract, not by us.
import { QuantumModel } from '../model.ts';

const distanceExtraBits = (slot: number) => (slot < 4 ? 0 : (slot >> 1) - 1);
const lengthExtraBits = (slot: number) => (slot < 6 || slot === 26 ? 0 : (slot - 2) >> 2);

export type Token = { byte: number } | { length: number; distance: number };

/**
 * Tokens for `plain`, with matches wherever the same four bytes came before in the window, never across frames of 32
 * KB.
 */
export function findTokens(plain: Uint8Array, windowBytes: number): Token[] {
  const newest = new Map<number, number>();
  const tokens: Token[] = [];
  for (let at = 0; at < plain.length; ) {
    const frameEnd = Math.min(plain.length, (Math.floor(at / 32768) + 1) * 32768);
    const key = (plain[at] ?? 0) | ((plain[at + 1] ?? 0) << 8) | ((plain[at + 2] ?? 0) << 16);
    const from = newest.get(key);
    newest.set(key, at);
    let length = 0;
    const most = Math.min(259, frameEnd - at);
    if (from !== undefined && at - from <= windowBytes) {
      while (length < most && plain[from + length] === plain[at + length]) length++;
    }
    const fits = length >= 5 || (length === 4 && at - (from ?? 0) < 65536) || (length === 3 && at - (from ?? 0) < 4096);
    tokens.push(fits ? { length, distance: at - (from ?? 0) } : { byte: plain[at] ?? 0 });
    at += fits ? length : 1;
  }
  return tokens;
}

export class QuantumEncoder {
  readonly #selector = new QuantumModel(0, 7);
  readonly #literals = [0, 64, 128, 192].map((first) => new QuantumModel(first, 64));
  readonly #slots: QuantumModel[];
  readonly #lengths = new QuantumModel(0, 27);
  #low = 0;
  #high = 0xffff;
  #pending = 0;
  /**
   * Bits the decoder shifts into its code, in order, and raw bits with the number of coder bits it has read before
   * them.
   */
  #coderBits: number[] = [];
  #shifts = 0;
  #raw: { after: number; bits: number[] }[] = [];

  constructor(windowBits: number) {
    this.#slots = [24, 36, 42].map((most) => new QuantumModel(0, Math.min(most, windowBits * 2)));
  }

  /** One frame. */
  encode(tokens: readonly Token[]): Uint8Array {
    this.#low = 0;
    this.#high = 0xffff;
    this.#pending = 0;
    this.#coderBits = [];
    this.#shifts = 0;
    this.#raw = [];
    for (const token of tokens) {
      if ('byte' in token) {
        this.#symbol(this.#selector, token.byte >> 6);
        this.#symbol(this.#literals[token.byte >> 6] as QuantumModel, token.byte);
      } else {
        this.#match(token.length, token.distance);
      }
    }
    this.#pending++;
    this.#emit((this.#low >> 14) & 1);
    return this.#interleave();
  }

  #match(length: number, distance: number): void {
    const selector = Math.min(6, length + 1);
    this.#symbol(this.#selector, selector);
    if (selector === 6) this.#slot(this.#lengths, length - 5, lengthExtraBits);
    this.#slot(this.#slots[selector - 4] as QuantumModel, distance - 1, distanceExtraBits);
  }

  #slot(model: QuantumModel, value: number, extraBits: (slot: number) => number): void {
    let slot = 0;
    let base = 0;
    while (value >= base + 2 ** extraBits(slot)) base += 2 ** extraBits(slot++);
    this.#symbol(model, slot);
    const bits: number[] = [];
    for (let bit = extraBits(slot) - 1; bit >= 0; bit--) bits.push(((value - base) >> bit) & 1);
    if (bits.length > 0) this.#raw.push({ after: 16 + this.#shifts, bits });
  }

  #symbol(model: QuantumModel, symbol: number): void {
    const place = model.symbols.indexOf(symbol);
    const total = model.cumulative[0] ?? 0;
    const width = this.#high - this.#low + 1;
    this.#high = this.#low + Math.floor(((model.cumulative[place] ?? 0) * width) / total) - 1;
    this.#low += Math.floor(((model.cumulative[place + 1] ?? 0) * width) / total);
    model.count(place);
    for (;;) {
      if (((this.#low ^ this.#high) & 0x8000) === 0) {
        this.#emit(this.#low >> 15);
      } else if ((this.#low & 0x4000) !== 0 && (this.#high & 0x4000) === 0) {
        this.#pending++;
        this.#low &= 0x3fff;
        this.#high |= 0x4000;
      } else {
        return;
      }
      this.#low = (this.#low << 1) & 0xffff;
      this.#high = ((this.#high << 1) | 1) & 0xffff;
      this.#shifts++;
    }
  }

  #emit(bit: number): void {
    this.#coderBits.push(bit);
    for (; this.#pending > 0; this.#pending--) this.#coderBits.push(1 - bit);
  }

  #interleave(): Uint8Array {
    const bits: number[] = [];
    let used = 0;
    const takeUpTo = (count: number) => {
      while (used < count) bits.push(this.#coderBits[used++] ?? 0);
    };
    for (const { after, bits: raw } of this.#raw) {
      takeUpTo(after);
      bits.push(...raw);
    }
    takeUpTo(Math.max(this.#coderBits.length, 16 + this.#shifts));
    const bytes = new Uint8Array(Math.ceil(bits.length / 8));
    for (const [index, bit] of bits.entries())
      bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (7 - (index & 7)));
    return bytes;
  }
}
