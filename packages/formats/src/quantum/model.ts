// The adaptive models of Quantum: symbols with cumulative frequencies, kept roughly most frequent first.

/** Frequencies grow by this with each use, up to the limit, and are then halved. */
const growth = 8;
const limit = 3800;

export class QuantumModel {
  readonly symbols: Uint16Array;
  /** cumulative[i]: frequency of symbols[i] and all behind it. One more entry, 0, ends it. */
  readonly cumulative: Uint16Array;
  #halvingsUntilSort = 4;

  constructor(first: number, count: number) {
    this.symbols = Uint16Array.from({ length: count }, (_, index) => first + index);
    this.cumulative = Uint16Array.from({ length: count + 1 }, (_, index) => count - index);
  }

  /** Counts one use of the symbol at `place`. */
  count(place: number): void {
    const { cumulative } = this;
    for (let index = place; index >= 0; index--) cumulative[index] = (cumulative[index] as number) + growth;
    if ((cumulative[0] as number) <= limit) return;
    this.#halvingsUntilSort--;
    if (this.#halvingsUntilSort > 0) {
      this.#halve();
    } else {
      this.#halvingsUntilSort = 50;
      this.#sort();
    }
  }

  #halve(): void {
    const { cumulative, symbols } = this;
    for (let index = symbols.length - 1; index >= 0; index--) {
      const after = cumulative[index + 1] as number;
      cumulative[index] = Math.max((cumulative[index] as number) >> 1, after + 1);
    }
  }

  #sort(): void {
    const { cumulative, symbols } = this;
    const own = Uint16Array.from(symbols, (_, index) => {
      return ((cumulative[index] as number) - (cumulative[index + 1] as number) + 1) >> 1;
    });
    // Exchanging, as every Quantum program does it: the order of equals matters.
    for (let left = 0; left < own.length - 1; left++) {
      for (let right = left + 1; right < own.length; right++) {
        if ((own[left] as number) >= (own[right] as number)) continue;
        [own[left], own[right]] = [own[right] as number, own[left] as number];
        [symbols[left], symbols[right]] = [symbols[right] as number, symbols[left] as number];
      }
    }
    for (let index = own.length - 1; index >= 0; index--) {
      cumulative[index] = (own[index] as number) + (cumulative[index + 1] as number);
    }
  }
}
