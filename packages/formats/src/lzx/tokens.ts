// From bytes to LZX literals and matches: lazy matching, with a liking for the three last distances, which cost no
// bits.
import { MatchFinder } from './match-finder.ts';
import { lengthSymbolCount, literalCount, maxMatch, minMatch, slotBases, slotOf } from './slots.ts';

/** The symbols of one LZX block, in order, and how often each occurs. */
export interface BlockTokens {
  /** Main symbol | (length symbol + 1) << 16. No length symbol leaves the upper half 0. */
  symbols: Uint32Array;
  /** For matches of slot 3 and more, the bits behind the slot. */
  extras: Uint32Array;
  count: number;
  mainCounts: Uint32Array;
  lengthCounts: Uint32Array;
  /** The low three bits of `extras`, where a slot has that many. */
  alignedCounts: Uint32Array;
}

const effort = 16;
/** A match this long is taken without looking at the next byte. */
const goodLength = 48;

export class Tokenizer {
  readonly #finder: MatchFinder;
  readonly #mainSymbols: number;
  recent: [number, number, number] = [1, 1, 1];
  #position = 0;

  constructor(windowBits: number, mainSymbols: number) {
    this.#finder = new MatchFinder(windowBits, effort);
    this.#mainSymbols = mainSymbols;
  }

  /** Tokens for frames that follow on what came before. None reaches across two frames. */
  tokenize(frames: readonly Uint8Array[]): BlockTokens {
    const size = frames.reduce((sum, frame) => sum + frame.length, 0);
    const tokens: BlockTokens = {
      symbols: new Uint32Array(size),
      extras: new Uint32Array(size),
      count: 0,
      mainCounts: new Uint32Array(this.#mainSymbols),
      lengthCounts: new Uint32Array(lengthSymbolCount),
      alignedCounts: new Uint32Array(8),
    };
    this.#finder.append(frames);
    for (const frame of frames) this.#tokenizeFrame(this.#position + frame.length, tokens);
    return tokens;
  }

  #tokenizeFrame(end: number, tokens: BlockTokens): void {
    let position = this.#position;
    let next = this.#choose(position, end);
    while (position < end) {
      const chosen = next;
      if (chosen.length < minMatch) {
        this.#addLiteral(tokens, position++);
        next = this.#choose(position, end);
        continue;
      }
      if (chosen.length < goodLength && position + 1 < end) {
        next = this.#choose(position + 1, end);
        if (next.worth > chosen.worth + 1) {
          this.#addLiteral(tokens, position++);
          continue;
        }
        this.#finder.insert(position + 2, position + chosen.length);
      } else {
        this.#finder.insert(position + 1, position + chosen.length);
      }
      this.#addMatch(tokens, chosen);
      position += chosen.length;
      next = this.#choose(position, end);
    }
    this.#position = end;
  }

  /** The best match at `position`. `worth` weighs its length against the bits of its distance. */
  #choose(position: number, end: number): { length: number; distance: number; worth: number } {
    const most = Math.min(maxMatch, end - position);
    if (most < minMatch) return { length: 0, distance: 0, worth: 0 };
    const finder = this.#finder;
    finder.find(position, most);
    const found = { length: finder.length, distance: finder.distance, worth: 0 };
    if (found.length > 0) {
      found.worth = found.length - (31 - Math.clz32(found.distance)) / 8;
      if (found.worth < 1.5) found.length = 0;
    }
    for (let index = 0; index < 3; index++) {
      const distance = this.recent[index] as number;
      const length = finder.repeatLength(position, distance, most);
      if (length < minMatch || length <= found.worth) continue;
      found.length = length;
      found.distance = distance;
      found.worth = length + 0.5;
    }
    return found;
  }

  #addLiteral(tokens: BlockTokens, position: number): void {
    const byte = this.#finder.byteAt(position);
    tokens.symbols[tokens.count++] = byte;
    tokens.mainCounts[byte] = (tokens.mainCounts[byte] as number) + 1;
  }

  #addMatch(tokens: BlockTokens, { length, distance }: { length: number; distance: number }): void {
    const [recent0, recent1, recent2] = this.recent;
    let slot = this.recent.indexOf(distance);
    let extra = 0;
    if (slot < 0) {
      slot = slotOf(distance + 2);
      extra = distance + 2 - (slotBases[slot] as number);
      this.recent = [distance, recent0, recent1];
      if (slot >= 8) tokens.alignedCounts[extra & 7] = (tokens.alignedCounts[extra & 7] as number) + 1;
    } else if (slot === 1) {
      this.recent = [recent1, recent0, recent2];
    } else if (slot === 2) {
      this.recent = [recent2, recent1, recent0];
    }
    const header = Math.min(7, length - minMatch);
    const symbol = literalCount + slot * 8 + header;
    tokens.mainCounts[symbol] = (tokens.mainCounts[symbol] as number) + 1;
    let lengthField = 0;
    if (header === 7) {
      const lengthSymbol = length - minMatch - 7;
      tokens.lengthCounts[lengthSymbol] = (tokens.lengthCounts[lengthSymbol] as number) + 1;
      lengthField = lengthSymbol + 1;
    }
    tokens.symbols[tokens.count] = symbol | (lengthField << 16);
    tokens.extras[tokens.count++] = extra;
  }
}
