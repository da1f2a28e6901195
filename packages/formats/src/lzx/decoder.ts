// LZX as cabinets use it: the folder is frames of 32 KB, one per data block, and LZX blocks lie across them as they like.
// Hard part: what survives from where to where. Code lengths are sent as differences to the last block's; the three last
// distances and the window live as long as the folder; bits are dropped at the end of each frame.
import { FormatError } from '../errors.ts';
import { SlidingWindow } from '../sliding-window.ts';
import { BitReader } from './bit-reader.ts';
import { e8Frames, undoE8 } from './e8.ts';
import { PrefixCode } from './prefix-code.ts';
import { lengthSymbolCount, literalCount, minMatch, slotBases, slotCount, slotExtraBits } from './slots.ts';

export const frameBytes = 32768;
export const blockType = { verbatim: 1, aligned: 2, uncompressed: 3 } as const;

export class LzxDecoder {
  readonly #windowBytes: number;
  readonly #window: SlidingWindow;
  readonly #mainLengths: Uint8Array;
  readonly #lengthLengths = new Uint8Array(lengthSymbolCount);
  readonly #mainCode: PrefixCode;
  readonly #lengthCode = new PrefixCode(lengthSymbolCount, 10);
  readonly #alignedCode = new PrefixCode(8, 7);
  readonly #preCode = new PrefixCode(20, 6);
  readonly #recent = new Uint32Array([1, 1, 1]);
  #reader = new BitReader(new Uint8Array());
  #frame = 0;
  #isEnded = false;
  #e8FileBytes: number | undefined;
  #blockType = 0;
  #blockLeft = 0;
  #hasPadding = false;

  /** `windowBits` is 15 to 21. */
  constructor(windowBits: number) {
    this.#windowBytes = 2 ** windowBits;
    this.#window = new SlidingWindow(this.#windowBytes);
    const symbolCount = literalCount + 8 * slotCount(windowBits);
    this.#mainLengths = new Uint8Array(symbolCount);
    this.#mainCode = new PrefixCode(symbolCount, 11);
  }

  /** Unpacks the next frame to exactly `sizeBytes`, 32 KB but for the last; a view that the next call overwrites. Throws FormatError. */
  decode(frame: Uint8Array, sizeBytes: number): Uint8Array {
    if (this.#isEnded || sizeBytes > frameBytes) throw bad('An LZX frame other than the last is not 32 KB.');
    this.#isEnded = sizeBytes < frameBytes;
    const window = this.#window;
    const begin = window.makeRoom(sizeBytes);
    const end = begin + sizeBytes;
    this.#reader = new BitReader(frame);
    if (this.#e8FileBytes === undefined) this.#e8FileBytes = this.#readE8Header();
    while (window.position < end) {
      if (this.#blockLeft === 0) this.#readBlockHeader();
      const run = Math.min(this.#blockLeft, end - window.position);
      if (this.#blockType === blockType.uncompressed) this.#copyRun(run);
      else this.#decodeRun(window.position + run);
      this.#blockLeft -= run;
      if (this.#reader.isOverrun) throw new FormatError('FORMAT_TRUNCATED', 'An LZX frame ends in the middle.');
    }
    if (this.#blockLeft === 0 && this.#reader.at < this.#reader.bytes.length) this.#passPadding();
    return this.#translated(window.buffer.subarray(begin, end));
  }

  /** 0 when the maker did not translate. */
  #readE8Header(): number {
    return this.#reader.read(1) === 0 ? 0 : this.#reader.read(16) * 65536 + this.#reader.read(16);
  }

  #translated(frame: Uint8Array): Uint8Array {
    const fileBytes = this.#e8FileBytes ?? 0;
    const index = this.#frame++;
    if (fileBytes === 0 || index >= e8Frames || frame.length <= 10) return frame;
    const copy = frame.slice();
    undoE8(copy, index * frameBytes, fileBytes | 0);
    return copy;
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
        this.#alignedCode.build(Uint8Array.from({ length: 8 }, () => reader.read(3)));
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
    // A new reader, so that words are counted from behind the padding even when it is the first byte of a frame.
    this.#reader = new BitReader(this.#reader.bytes.subarray(this.#reader.at + 1));
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
    this.#window.buffer.set(bytes.subarray(at, at + run), this.#window.position);
    this.#reader.at += run;
    this.#window.position += run;
  }

  /**
   * Literals and matches up to `end`. This is where the time goes, so everything is in locals and written out: before each code there are
   * at least 17 valid bits, and no code or run of extra bits is longer.
   */
  #decodeRun(end: number): void {
    const reader = this.#reader;
    const { buffer } = this.#window;
    const windowBytes = this.#windowBytes;
    const isAligned = this.#blockType === blockType.aligned;
    const { bytes } = reader;
    const { table: mainTable, tableBits: mainBits } = this.#mainCode;
    const { table: lengthTable, tableBits: lengthBits } = this.#lengthCode;
    const { table: alignedTable, tableBits: alignedBits } = this.#alignedCode;
    const mainShift = 32 - mainBits;
    const lengthShift = 32 - lengthBits;
    const alignedShift = 32 - alignedBits;
    let { bits, left, at } = reader;
    let out = this.#window.position;
    let recent0 = this.#recent[0] as number;
    let recent1 = this.#recent[1] as number;
    let recent2 = this.#recent[2] as number;
    while (out < end) {
      if (left <= 16) {
        bits |= wordAt(bytes, at) << (16 - left);
        left += 16;
        at += 2;
      }
      let entry = mainTable[bits >>> mainShift] as number;
      if (entry === 0) entry = this.#mainCode.long(bits >>> 16);
      bits <<= entry & 31;
      left -= entry & 31;
      const symbol = entry >> 5;
      if (symbol < literalCount) {
        buffer[out++] = symbol;
        continue;
      }
      let length = (symbol & 7) + minMatch;
      if (length === 7 + minMatch) {
        if (left <= 16) {
          bits |= wordAt(bytes, at) << (16 - left);
          left += 16;
          at += 2;
        }
        entry = lengthTable[bits >>> lengthShift] as number;
        if (entry === 0) entry = this.#lengthCode.long(bits >>> 16);
        bits <<= entry & 31;
        left -= entry & 31;
        length += entry >> 5;
      }
      const slot = (symbol - literalCount) >> 3;
      let distance = recent0;
      if (slot > 2) {
        let extra = slotExtraBits[slot] as number;
        distance = (slotBases[slot] as number) - 2;
        if (left <= 16) {
          bits |= wordAt(bytes, at) << (16 - left);
          left += 16;
          at += 2;
        }
        const endsAligned = isAligned && extra >= 3;
        if (endsAligned) extra -= 3;
        if (extra > 0) {
          const value = bits >>> (32 - extra);
          distance += endsAligned ? value << 3 : value;
          bits <<= extra;
          left -= extra;
        }
        if (endsAligned) {
          if (left <= 16) {
            bits |= wordAt(bytes, at) << (16 - left);
            left += 16;
            at += 2;
          }
          entry = alignedTable[bits >>> alignedShift] as number;
          if (entry === 0) entry = this.#alignedCode.long(bits >>> 16);
          bits <<= entry & 31;
          left -= entry & 31;
          distance += entry >> 5;
        }
        recent2 = recent1;
        recent1 = recent0;
        recent0 = distance;
      } else if (slot === 1) {
        distance = recent1;
        recent1 = recent0;
        recent0 = distance;
      } else if (slot === 2) {
        distance = recent2;
        recent2 = recent0;
        recent0 = distance;
      }
      if (length > end - out) throw bad('An LZX match runs past its block or frame.');
      if (distance > out || distance > windowBytes || distance === 0) {
        throw bad('An LZX match reaches before the beginning.');
      }
      const stop = out + length;
      for (let from = out - distance; out < stop; from++) buffer[out++] = buffer[from] as number;
    }
    reader.bits = bits;
    reader.left = left;
    reader.at = at;
    this.#window.position = out;
    this.#recent[0] = recent0;
    this.#recent[1] = recent1;
    this.#recent[2] = recent2;
  }
}

/** The 16 bits at `at`; zeros behind the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  if (at + 1 < bytes.length) return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return at < bytes.length ? (bytes[at] as number) : 0;
}

function bad(message: string): FormatError {
  return new FormatError('FORMAT_BAD_DATA', message);
}
