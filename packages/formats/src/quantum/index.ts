// Quantum (David Stafford, 1993), which early cabinets used: an arithmetic coder over adaptive models, and matches as
// in LZ77. Each data block is one frame: the coder begins again, models and window go on.
import { copyMatch } from '../copy-match.ts';
import { FormatError } from '../errors.ts';
import { SlidingWindow } from '../sliding-window.ts';
import { QuantumModel } from './model.ts';

const frameBytes = 32768;

const slotExtraBits = Uint8Array.from({ length: 42 }, (_, slot) => (slot < 4 ? 0 : (slot >> 1) - 1));
const slotBases = basesOf(slotExtraBits);
// Lengths of five and more: 27 slots, four to a number of extra bits, the last one alone.
const lengthExtraBits = Uint8Array.from({ length: 27 }, (_, slot) => (slot < 6 || slot === 26 ? 0 : (slot - 2) >> 2));
const lengthBases = basesOf(lengthExtraBits);

export class QuantumDecoder {
  readonly #windowBytes: number;
  readonly #window: SlidingWindow;
  readonly #selector = new QuantumModel(0, 7);
  readonly #literals = [0, 64, 128, 192].map((first) => new QuantumModel(first, 64));
  readonly #slotsOfThree: QuantumModel;
  readonly #slotsOfFour: QuantumModel;
  readonly #slots: QuantumModel;
  readonly #lengths = new QuantumModel(0, 27);
  #input: Uint8Array = new Uint8Array();
  #bit = 0;
  #high = 0xffff;
  #low = 0;
  #code = 0;

  /** `windowBits` is 10 to 21. Throws FORMAT_BAD_DATA. */
  constructor(windowBits: number) {
    if (windowBits < 10 || windowBits > 21) throw bad(`A Quantum window of ${windowBits} bits is not 10 to 21.`);
    this.#windowBytes = 2 ** windowBits;
    this.#window = new SlidingWindow(this.#windowBytes);
    this.#slotsOfThree = new QuantumModel(0, Math.min(24, windowBits * 2));
    this.#slotsOfFour = new QuantumModel(0, Math.min(36, windowBits * 2));
    this.#slots = new QuantumModel(0, windowBits * 2);
  }

  /** Unpacks the next frame to exactly `sizeBytes`. A view that the next call overwrites. Throws FormatError. */
  decode(frame: Uint8Array, sizeBytes: number): Uint8Array {
    if (sizeBytes > frameBytes) throw bad('A Quantum frame is larger than 32 KB.');
    const window = this.#window;
    const begin = window.makeRoom(sizeBytes);
    const end = begin + sizeBytes;
    this.#input = frame;
    this.#bit = 0;
    this.#high = 0xffff;
    this.#low = 0;
    this.#code = this.#bits(16);
    while (window.position < end) {
      const selector = this.#symbol(this.#selector);
      const literals = this.#literals[selector];
      if (literals) window.buffer[window.position++] = this.#symbol(literals);
      else this.#match(selector, end);
      // The coder looks 16 bits ahead of what it has used.
      if (this.#bit > frame.length * 8 + 16)
        throw new FormatError('FORMAT_TRUNCATED', 'A Quantum frame ends in the middle.');
    }
    return window.buffer.subarray(begin, end);
  }

  #match(selector: number, end: number): void {
    const window = this.#window;
    let length = selector - 1;
    let model = selector === 4 ? this.#slotsOfThree : this.#slotsOfFour;
    if (selector === 6) {
      const slot = this.#symbol(this.#lengths);
      length = 5 + (lengthBases[slot] as number) + this.#bits(lengthExtraBits[slot] as number);
      model = this.#slots;
    }
    const slot = this.#symbol(model);
    const distance = 1 + (slotBases[slot] as number) + this.#bits(slotExtraBits[slot] as number);
    if (length > end - window.position) throw bad('A Quantum match runs past its frame.');
    if (distance > window.position || distance > this.#windowBytes) {
      throw bad('A Quantum match reaches before the beginning.');
    }
    copyMatch(window.buffer, window.position, distance, length);
    window.position += length;
  }

  /** The next symbol under `model`. The place of the code between low and high says which one it is. */
  #symbol(model: QuantumModel): number {
    const { cumulative } = model;
    const total = cumulative[0] as number;
    const range = ((this.#high - this.#low) & 0xffff) + 1;
    const frequency = Math.floor((((this.#code - this.#low + 1) & 0xffff) * total - 1) / range) & 0xffff;
    let place = 0;
    while (place < model.symbols.length - 1 && (cumulative[place + 1] as number) > frequency) place++;
    const symbol = model.symbols[place] as number;
    const width = this.#high - this.#low + 1;
    this.#high = (this.#low + Math.floor(((cumulative[place] as number) * width) / total) - 1) & 0xffff;
    this.#low = (this.#low + Math.floor(((cumulative[place + 1] as number) * width) / total)) & 0xffff;
    model.count(place);
    this.#narrow();
    return symbol;
  }

  /** Shifts out the bits on which low and high agree, and the one in between when they straddle the middle. */
  #narrow(): void {
    for (;;) {
      if (((this.#low ^ this.#high) & 0x8000) !== 0) {
        if ((this.#low & 0x4000) === 0 || (this.#high & 0x4000) !== 0) return;
        this.#code ^= 0x4000;
        this.#low &= 0x3fff;
        this.#high |= 0x4000;
      }
      this.#low = (this.#low << 1) & 0xffff;
      this.#high = ((this.#high << 1) | 1) & 0xffff;
      this.#code = ((this.#code << 1) | this.#bits(1)) & 0xffff;
    }
  }

  /** Bits from the top of each byte. Zeros behind the end, for the coder looks ahead. */
  #bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) {
      const byte = this.#input[this.#bit >> 3] ?? 0;
      value = (value << 1) | ((byte >> (7 - (this.#bit & 7))) & 1);
      this.#bit++;
    }
    return value;
  }
}

function basesOf(extraBits: Uint8Array): Uint32Array {
  const bases = new Uint32Array(extraBits.length);
  for (let slot = 1; slot < bases.length; slot++) {
    bases[slot] = (bases[slot - 1] as number) + 2 ** (extraBits[slot - 1] as number);
  }
  return bases;
}

function bad(message: string): FormatError {
  return new FormatError('FORMAT_BAD_DATA', message);
}
