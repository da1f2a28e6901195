// Writing LZ77+Huffman (MS-XCA 2.1.4). For each 64 KB it finds matches first, then their code. Then it writes both
// through two word slots that are kept open ahead of the bytes of long lengths. A decoder that reads in words looks for
// them there.
import { buildCodeLengths, canonicalCodes } from '../huffman.ts';
import { endOfData, huffmanBlockBytes } from './lz77-huffman.ts';
import { MatchHistory } from './match-history.ts';

/** Packs everything. Empty input gives an empty stream. */
export function encodeLz77Huffman(input: Uint8Array): Uint8Array {
  const history = new MatchHistory({
    maxDistance: 65535,
    maxLength: huffmanBlockBytes - 1,
    maxTries: 24,
    goodLength: 96,
  });
  history.begin(0);
  const blocks: Uint8Array[] = [];
  for (let from = 0; from < input.length; from += huffmanBlockBytes) {
    const to = Math.min(input.length, from + huffmanBlockBytes);
    blocks.push(encodeBlock(input, { from, to }, history, to === input.length));
  }
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const output = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    output.set(block, at);
    at += block.length;
  }
  return output;
}

/** Literals as they are, matches as distance << 16 | length, which is never below 256. */
interface Tokens {
  items: Uint32Array;
  counts: Uint32Array;
}

function encodeBlock(
  input: Uint8Array,
  range: { from: number; to: number },
  history: MatchHistory,
  isLast: boolean,
): Uint8Array {
  const { items, counts } = findTokens(input, range, history);
  // A single symbol does not make a full code, and decoders refuse that (MS-XCA 2.2.4). It gets a companion that is
  // never used.
  const isLone = counts.reduce((used, count) => used + Math.sign(count), 0) === 1;
  if (isLast || isLone) counts[endOfData] = (counts[endOfData] as number) + 1;
  const lengths = buildCodeLengths(counts, 15);
  const writer = new WordWriter(lengths, canonicalCodes(lengths), items.length * 6 + 264);
  for (const item of items) writer.token(item);
  if (isLast) writer.symbol(endOfData);
  return writer.finish();
}

function findTokens(input: Uint8Array, range: { from: number; to: number }, history: MatchHistory): Tokens {
  const { from, to } = range;
  const items = new Uint32Array(to - from);
  const counts = new Uint32Array(512);
  let used = 0;
  const add = (item: number, symbol: number) => {
    items[used++] = item;
    counts[symbol] = (counts[symbol] as number) + 1;
  };
  for (let position = from; position < to; ) {
    const match = history.find(input, position, to);
    const length = match & 0xffff;
    // Three bytes from one back means the end of the data.
    const isUsable = match !== 0 && !(length === 3 && match >>> 16 === 1);
    if (isUsable) {
      add(match >>> 0, matchSymbol(match));
      history.insert(input, position + 1, position + length, to);
      position += length;
    } else {
      const byte = input[position++] as number;
      add(byte, byte);
    }
  }
  return { items: items.subarray(0, used), counts };
}

/** MS-XCA 2.1.4.1. */
function matchSymbol(match: number): number {
  return 256 + Math.min(15, (match & 0xffff) - 3) + 16 * (31 - Math.clz32(match >>> 16));
}

/** MS-XCA 2.1.4.3: WriteBits, WriteByte, WriteUint16, FlushBits. */
class WordWriter {
  readonly #lengths: Uint8Array;
  readonly #codes: Uint32Array;
  readonly #output: Uint8Array;
  #freeBits = 16;
  #word = 0;
  #firstSlot = 256;
  #secondSlot = 258;
  #at = 260;

  constructor(lengths: Uint8Array, codes: Uint32Array, capacity: number) {
    this.#lengths = lengths;
    this.#codes = codes;
    this.#output = new Uint8Array(capacity);
    for (let pair = 0; pair < 256; pair++) {
      this.#output[pair] = (lengths[2 * pair] as number) | ((lengths[2 * pair + 1] as number) << 4);
    }
  }

  token(item: number): void {
    if (item < 256) {
      this.symbol(item);
      return;
    }
    this.symbol(matchSymbol(item));
    const distance = item >>> 16;
    const rest = (item & 0xffff) - 3 - 15;
    if (rest >= 0) {
      this.#output[this.#at++] = Math.min(255, rest);
      if (rest >= 255) {
        this.#output[this.#at++] = (rest + 15) & 0xff;
        this.#output[this.#at++] = (rest + 15) >> 8;
      }
    }
    const highBit = 31 - Math.clz32(distance);
    this.#bits(highBit, distance - (1 << highBit));
  }

  symbol(symbol: number): void {
    this.#bits(this.#lengths[symbol] as number, this.#codes[symbol] as number);
  }

  finish(): Uint8Array {
    this.#writeWord(this.#firstSlot, this.#word << this.#freeBits);
    this.#writeWord(this.#secondSlot, 0);
    return this.#output.slice(0, this.#at);
  }

  #bits(count: number, value: number): void {
    if (this.#freeBits >= count) {
      this.#freeBits -= count;
      this.#word = (this.#word << count) | value;
      return;
    }
    const over = count - this.#freeBits;
    this.#writeWord(this.#firstSlot, (this.#word << this.#freeBits) | (value >>> over));
    this.#firstSlot = this.#secondSlot;
    this.#secondSlot = this.#at;
    this.#at += 2;
    this.#freeBits = 16 - over;
    this.#word = value & (2 ** over - 1);
  }

  #writeWord(at: number, word: number): void {
    this.#output[at] = word;
    this.#output[at + 1] = word >> 8;
  }
}
