// Counts how much each key took lately: fully at first, and less and less with time. The table is bounded, and no key
// leaves it while it counts.

interface RecentUse {
  /** The use of the key, as far as it still counts. */
  of(key: string): number;
  add(key: string, amount: number): void;
  readonly size: number;
}

interface RecentUseOptions {
  /** After this time an amount counts for e times less. */
  fadesMs: number;
  /** Less than this is forgotten. */
  leastCounted: number;
  /** Keys in the table. When all of them count, further keys are counted as one. */
  mostKeys: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

interface Use {
  amount: number;
  at: number;
}

const shared = Symbol('keys beyond the table');

export function createRecentUse({ fadesMs, leastCounted, mostKeys, now }: RecentUseOptions): RecentUse {
  /** The key that was used longest ago first. */
  const uses = new Map<string | symbol, Use>();
  const left = ({ amount, at }: Use): number => amount * Math.exp((at - now()) / fadesMs);

  const placeFor = (key: string): string | symbol => {
    if (uses.has(key) || uses.size < mostKeys) return key;
    const [oldest] = uses;
    if (!oldest || left(oldest[1]) >= leastCounted) return shared;
    uses.delete(oldest[0]);
    return key;
  };

  return {
    of(key) {
      const use = uses.get(key) ?? (uses.size >= mostKeys ? uses.get(shared) : undefined);
      return use ? left(use) : 0;
    },
    add(key, amount) {
      const place = placeFor(key);
      const use = uses.get(place);
      uses.delete(place);
      uses.set(place, { amount: (use ? left(use) : 0) + amount, at: now() });
    },
    get size() {
      return uses.size;
    },
  };
}
