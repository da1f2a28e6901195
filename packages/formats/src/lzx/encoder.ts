// Writing LZX for cabinets: blocks of several 32 KB frames, aligned where that saves bits, uncompressed where nothing
// helps.
import { ByteWriter } from '../bytes.ts';
import { canonicalCodes } from '../huffman.ts';
import { BitWriter } from './bit-writer.ts';
import { completeCodeLengths, writeCodeLengths } from './code-lengths.ts';
import { blockType, frameBytes } from './decoder.ts';
import { applyE8, e8Frames } from './e8.ts';
import { lengthSymbolCount, literalCount, slotCount, slotExtraBits } from './slots.ts';
import { type BlockTokens, Tokenizer } from './tokens.ts';

/** Frames of one LZX block. */
const framesPerBlock = 4;
/** The file size for the translation of calls, as makers write it. It need not be the real one. */
const e8FileBytes = 12_000_000;

interface Code {
  lengths: Uint8Array;
  codes: Uint32Array;
}

export class LzxEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #writer = new BitWriter();
  readonly #translatesCalls: boolean;
  #mainLengths: Uint8Array;
  #lengthLengths: Uint8Array = new Uint8Array(lengthSymbolCount);
  #waiting: Uint8Array[] = [];
  #frame = 0;

  /** `windowBits` is 15 to 21. `translatesCalls`: x86 code packs better with its calls made absolute. */
  constructor(windowBits: number, translatesCalls: boolean) {
    const mainSymbols = literalCount + 8 * slotCount(windowBits);
    this.#tokenizer = new Tokenizer(windowBits, mainSymbols);
    this.#mainLengths = new Uint8Array(mainSymbols);
    this.#translatesCalls = translatesCalls;
    this.#writer.write(translatesCalls ? 1 : 0, 1);
    if (translatesCalls) {
      this.#writer.write(e8FileBytes >>> 16, 16);
      this.#writer.write(e8FileBytes & 0xffff, 16);
    }
  }

  /**
   * Takes the next 32 KB (the last frame may be shorter). Answers packed frames, in order, once their block is full.
   */
  push(frame: Uint8Array): Uint8Array[] {
    this.#waiting.push(this.#translated(frame));
    return this.#waiting.length === framesPerBlock || frame.length < frameBytes ? this.finish() : [];
  }

  /** The packed frames still waiting. */
  finish(): Uint8Array[] {
    const frames = this.#waiting;
    this.#waiting = [];
    return frames.length === 0 ? [] : this.#encodeBlock(frames);
  }

  #translated(frame: Uint8Array): Uint8Array {
    const index = this.#frame++;
    const copy = new Uint8Array(frame);
    if (this.#translatesCalls && index < e8Frames && copy.length > 10) applyE8(copy, index * frameBytes, e8FileBytes);
    return copy;
  }

  #encodeBlock(frames: readonly Uint8Array[]): Uint8Array[] {
    const recentBefore = this.#tokenizer.recent;
    const tokens = this.#tokenizer.tokenize(frames);
    const main = toCode(tokens.mainCounts, 16);
    const length = toCode(tokens.lengthCounts, 16);
    const aligned = toCode(tokens.alignedCounts, 7);
    const alignedSaving = 3 * total(tokens.alignedCounts) - weigh(tokens.alignedCounts, aligned) - 24;
    const size = frames.reduce((sum, frame) => sum + frame.length, 0);
    const leastBits = weigh(tokens.mainCounts, main) + weigh(tokens.lengthCounts, length) + extraBitsOf(tokens);
    if (leastBits - Math.max(0, alignedSaving) > size * 8) {
      this.#tokenizer.recent = recentBefore;
      return this.#writeUncompressed(frames, size);
    }
    this.#writeHeader(alignedSaving > 0 ? blockType.aligned : blockType.verbatim, size);
    if (alignedSaving > 0) for (const bits of aligned.lengths) this.#writer.write(bits, 3);
    this.#writeCodes(main, length);
    return this.#writeTokens(tokens, { main, length, aligned: alignedSaving > 0 ? aligned : undefined }, frames);
  }

  #writeHeader(type: number, size: number): void {
    this.#writer.write(type, 3);
    this.#writer.write(size >>> 8, 16);
    this.#writer.write(size & 0xff, 8);
  }

  #writeCodes(main: Code, length: Code): void {
    const writer = this.#writer;
    writeCodeLengths(writer, main.lengths.subarray(0, literalCount), this.#mainLengths.subarray(0, literalCount));
    writeCodeLengths(writer, main.lengths.subarray(literalCount), this.#mainLengths.subarray(literalCount));
    writeCodeLengths(writer, length.lengths, this.#lengthLengths);
    this.#mainLengths = main.lengths;
    this.#lengthLengths = length.lengths;
  }

  #writeTokens(
    tokens: BlockTokens,
    { main, length, aligned }: { main: Code; length: Code; aligned: Code | undefined },
    frames: readonly Uint8Array[],
  ): Uint8Array[] {
    const writer = this.#writer;
    const packed: Uint8Array[] = [];
    let left = frames[0]?.length ?? 0;
    for (let index = 0; index < tokens.count; index++) {
      const token = tokens.symbols[index] as number;
      const symbol = token & 0xffff;
      writer.write(main.codes[symbol] as number, main.lengths[symbol] as number);
      if (symbol < literalCount) left--;
      else left -= writeMatch(writer, token, tokens.extras[index] as number, { length, aligned });
      if (left > 0) continue;
      packed.push(writer.take());
      left = frames[packed.length]?.length ?? 0;
    }
    return packed;
  }

  #writeUncompressed(frames: readonly Uint8Array[], size: number): Uint8Array[] {
    const writer = this.#writer;
    this.#writeHeader(blockType.uncompressed, size);
    writer.align(true);
    const recent = new ByteWriter(12);
    for (const distance of this.#tokenizer.recent) recent.u32(distance);
    writer.bytes(recent.written());
    return frames.map((frame) => {
      writer.bytes(frame);
      // Only the last frame of a folder can be odd. Blocks of odd size have a byte of padding.
      if (frame.length % 2 === 1) writer.bytes(new Uint8Array(1));
      return writer.take();
    });
  }
}

/** Writes what follows a match's main symbol, and answers the match's length. */
function writeMatch(
  writer: BitWriter,
  token: number,
  extra: number,
  { length, aligned }: { length: Code; aligned: Code | undefined },
): number {
  const symbol = (token & 0xffff) - literalCount;
  const lengthField = token >>> 16;
  if (lengthField > 0) {
    writer.write(length.codes[lengthField - 1] as number, length.lengths[lengthField - 1] as number);
  }
  const slot = symbol >> 3;
  const extraBits = slot < 3 ? 0 : (slotExtraBits[slot] as number);
  if (aligned && extraBits >= 3) {
    writer.write(extra >>> 3, extraBits - 3);
    writer.write(aligned.codes[extra & 7] as number, aligned.lengths[extra & 7] as number);
  } else {
    writer.write(extra, extraBits);
  }
  return 2 + (symbol & 7) + (lengthField > 0 ? lengthField - 1 : 0);
}

function toCode(counts: Uint32Array, maxBits: number): Code {
  const lengths = completeCodeLengths(counts, maxBits);
  return { lengths, codes: canonicalCodes(lengths) };
}

function total(counts: Uint32Array): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function weigh(counts: Uint32Array, { lengths }: Code): number {
  return counts.reduce((sum, count, symbol) => sum + count * (lengths[symbol] as number), 0);
}

function extraBitsOf(tokens: BlockTokens): number {
  return tokens.mainCounts.reduce((sum, count, symbol) => {
    const slot = symbol < literalCount ? 0 : (symbol - literalCount) >> 3;
    return sum + count * (slot < 3 ? 0 : (slotExtraBits[slot] as number));
  }, 0);
}
