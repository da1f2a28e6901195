// LZX as cabinets use it: the folder is frames of 32 KB, one per data block, and LZX blocks lie across them as they
// like. Hard part: what survives from where to where. Code lengths are sent as differences to the last block's. The
// three last distances and the window live as long as the folder. Bits are dropped at the end of each frame.
import { type Codec, loadCodec, type Tenant } from '../codec/index.ts';
import { layout } from '../codec/layout.ts';
import { FormatError } from '../errors.ts';
import { BitReader } from './bit-reader.ts';
import { e8Frames, undoE8 } from './e8.ts';
import { PrefixCode } from './prefix-code.ts';
import { lengthSymbolCount, literalCount, slotBases, slotCount, slotExtraBits } from './slots.ts';

export const frameBytes = 32768;
export const blockType = { verbatim: 1, aligned: 2, uncompressed: 3 } as const;

/**
 * Behind the newest window lies as much room again, at least this: when it is used up, the window moves to the front.
 */
const leastRoom = 2 ** 18;

export class LzxDecoder implements Tenant {
  readonly #codec: Codec = loadCodec();
  readonly #windowBytes: number;
  readonly #mainLengths: Uint8Array;
  readonly #lengthLengths = new Uint8Array(lengthSymbolCount);
  #alignedLengths: Uint8Array = new Uint8Array(8);
  readonly #mainCode: PrefixCode;
  readonly #lengthCode: PrefixCode;
  readonly #alignedCode: PrefixCode;
  readonly #preCode = new PrefixCode(20, 6);
  readonly #recent = new Uint32Array([1, 1, 1]);
  readonly #output = new Uint8Array(frameBytes);
  /** The window, while another decoder has the codec's memory. */
  #stowed: Uint8Array = new Uint8Array();
  #reader = new BitReader(new Uint8Array());
  #position = 0;
  #frame = 0;
  #isEnded = false;
  #e8FileBytes: number | undefined;
  #blockType = 0;
  #blockLeft = 0;
  #hasPadding = false;

  /** `windowBits` is 15 to 21. */
  constructor(windowBits: number) {
    this.#windowBytes = 2 ** windowBits;
    const symbolCount = literalCount + 8 * slotCount(windowBits);
    this.#mainLengths = new Uint8Array(symbolCount);
    const { buffer } = this.#codec.bytes;
    this.#mainCode = new PrefixCode(symbolCount, 11, { buffer, offset: layout.mainCode });
    this.#lengthCode = new PrefixCode(lengthSymbolCount, 10, { buffer, offset: layout.lengthCode });
    this.#alignedCode = new PrefixCode(8, 7, { buffer, offset: layout.alignedCode });
  }

  /**
   * Unpacks the next frame to exactly `sizeBytes`, 32 KB except the last. The next call overwrites it. Throws
   * FormatError.
   */
  decode(frame: Uint8Array, sizeBytes: number): Uint8Array {
    if (this.#isEnded || sizeBytes > frameBytes) throw bad('An LZX frame other than the last is not 32 KB.');
    if (frame.length > 65535) throw bad('An LZX frame is larger than a data block can be.');
    this.#isEnded = sizeBytes < frameBytes;
    if (!this.#codec.admit(this)) this.#moveIn();
    const begin = this.#makeRoom(sizeBytes);
    const end = begin + sizeBytes;
    this.#reader = new BitReader(frame);
    if (this.#e8FileBytes === undefined) this.#e8FileBytes = this.#readE8Header();
    while (this.#position < end) {
      if (this.#blockLeft === 0) this.#readBlockHeader();
      const run = Math.min(this.#blockLeft, end - this.#position);
      if (this.#blockType === blockType.uncompressed) this.#copyRun(run);
      else this.#decodeRun(run);
      this.#blockLeft -= run;
      if (this.#reader.isOverrun) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    }
    if (this.#blockLeft === 0 && this.#reader.at < this.#reader.bytes.length) this.#passPadding();
    const output = this.#output.subarray(0, sizeBytes);
    output.set(this.#window.subarray(begin, end));
    this.#undoTranslation(output);
    return output;
  }

  moveOut(): void {
    this.#stowed = this.#window.slice(Math.max(0, this.#position - this.#windowBytes), this.#position);
  }

  #moveIn(): void {
    this.#window.set(this.#stowed);
    this.#position = this.#stowed.length;
    this.#stowed = new Uint8Array();
    const { bytes } = this.#codec;
    new Uint32Array(bytes.buffer, layout.slotBases, slotBases.length).set(slotBases);
    bytes.set(slotExtraBits, layout.slotExtraBits);
    this.#mainCode.build(this.#mainLengths);
    this.#lengthCode.build(this.#lengthLengths);
    this.#alignedCode.build(this.#alignedLengths);
  }

  get #window(): Uint8Array {
    return this.#codec.bytes.subarray(layout.window);
  }

  #makeRoom(sizeBytes: number): number {
    if (this.#position + sizeBytes > this.#windowBytes + Math.max(this.#windowBytes, leastRoom)) {
      this.#window.copyWithin(0, this.#position - this.#windowBytes, this.#position);
      this.#position = this.#windowBytes;
    }
    return this.#position;
  }

  /** 0 when the maker did not translate. */
  #readE8Header(): number {
    return this.#reader.read(1) === 0 ? 0 : this.#reader.read(16) * 65536 + this.#reader.read(16);
  }

  #undoTranslation(frame: Uint8Array): void {
    const fileBytes = this.#e8FileBytes ?? 0;
    const index = this.#frame++;
    if (fileBytes === 0 || index >= e8Frames || frame.length <= 10) return;
    undoE8(frame, index * frameBytes, fileBytes | 0);
  }

  #readBlockHeader(): void {
    this.#passPadding();
    const reader = this.#reader;
    this.#blockType = reader.read(3);
    this.#blockLeft = reader.read(16) * 256 + reader.read(8);
    if (reader.isOverrun) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    if (this.#blockLeft === 0) throw bad('An LZX block is empty.');
    switch (this.#blockType) {
      case blockType.aligned:
        this.#alignedLengths = Uint8Array.from({ length: 8 }, () => reader.read(3));
        this.#alignedCode.build(this.#alignedLengths);
        this.#readCodes();
        return;
      case blockType.verbatim:
        this.#readCodes();
        return;
      case blockType.uncompressed:
        this.#hasPadding = this.#blockLeft % 2 === 1;
        reader.toBytes();
        for (let index = 0; index < 3; index++) this.#recent[index] = this.#readWord();
        return;
      default:
        throw bad(`LZX block type ${this.#blockType} is unknown.`);
    }
  }

  /** An uncompressed block of odd size has one byte behind it, before the next block's header. */
  #passPadding(): void {
    if (!this.#hasPadding) return;
    this.#reader.at++;
    this.#hasPadding = false;
  }

  #readWord(): number {
    const { bytes, at } = this.#reader;
    if (at + 4 > bytes.length) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    this.#reader.at += 4;
    return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
  }

  #readCodes(): void {
    this.#readLengths(this.#mainLengths, 0, literalCount);
    this.#readLengths(this.#mainLengths, literalCount, this.#mainLengths.length);
    this.#mainCode.build(this.#mainLengths);
    this.#readLengths(this.#lengthLengths, 0, lengthSymbolCount);
    this.#lengthCode.build(this.#lengthLengths);
  }

  /** Code lengths as differences (modulo 17) to the last block's, with runs, under a code of their own. */
  #readLengths(lengths: Uint8Array, from: number, to: number): void {
    const reader = this.#reader;
    this.#preCode.build(Uint8Array.from({ length: 20 }, () => reader.read(4)));
    for (let at = from; at < to; ) {
      const symbol = this.#preCode.read(reader);
      if (symbol < 17) {
        lengths[at] = ((lengths[at] as number) - symbol + 17) % 17;
        at++;
        continue;
      }
      const run = symbol === 17 ? 4 + reader.read(4) : symbol === 18 ? 20 + reader.read(5) : 4 + reader.read(1);
      if (run > to - at) throw bad('A run of LZX code lengths is too long.');
      let length = 0;
      if (symbol === 19) {
        const delta = this.#preCode.read(reader);
        if (delta > 16) throw bad('A run of LZX code lengths repeats no length.');
        length = ((lengths[at] as number) - delta + 17) % 17;
      }
      lengths.fill(length, at, at + run);
      at += run;
      if (reader.isOverrun) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    }
  }

  #copyRun(run: number): void {
    const { bytes, at } = this.#reader;
    if (at + run > bytes.length) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    this.#window.set(bytes.subarray(at, at + run), this.#position);
    this.#reader.at += run;
    this.#position += run;
  }

  /** Literals and matches for `run` bytes: the codec's work, from and to where the reader stands. */
  #decodeRun(run: number): void {
    const reader = this.#reader;
    const { bytes, state, exports } = this.#codec;
    // Behind the end the codec may read bytes that others left there. `isOverrun` notices if it uses them.
    bytes.set(reader.bytes, layout.input);
    state.set([reader.bits, reader.left, reader.at, this.#position, ...this.#recent]);
    const isAligned = this.#blockType === blockType.aligned ? 1 : 0;
    const problem = exports.runLzx(this.#position + run, isAligned, this.#windowBytes);
    if (problem !== 0) throw bad(runProblems[-problem - 1] ?? 'The LZX data cannot be unpacked.');
    reader.bits = (state[0] as number) | 0;
    reader.left = state[1] as number;
    reader.at = state[2] as number;
    this.#position += run;
    this.#recent.set(state.subarray(4, 7));
  }
}

/** The errors that runLzx answers below zero, in the order of packages/formats/assembly/lzx.ts. */
const runProblems = [
  'Bits in the LZX data mean no symbol.',
  'An LZX match runs past its block or frame.',
  'An LZX match reaches before the beginning.',
];

function bad(message: string): FormatError {
  return new FormatError('FORMAT_BAD_DATA', message);
}
