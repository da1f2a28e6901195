// One kind of thing, bounded per address and in total. The last quarter of the total is kept for addresses that took
// little: a few that take all they may do not shut out everybody else.
import { createTokenBuckets } from './token-buckets.ts';

export interface Rate {
  /** Takes `amount` for an address key; false when it, or all addresses together, had enough. */
  take(key: string, amount?: number): boolean;
}

export interface RateOptions {
  /** For one address; 0 for no bound. */
  perSecond: number;
  /** Amounts above this use the upper half of a rate only: what is small finds room beside them. */
  largeAmount?: number | undefined;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
  mostAddresses?: number;
}

/** So many seconds of its rate an address may take at once. */
export const burstSeconds = 60;
/** All addresses together may take so many times the rate of one. */
export const totalFactor = 2;
/** Addresses that are counted one by one, for each kind of limit. */
export const mostAddresses = 10_000;

const keptForLight = 0.25;
const keptForSmall = 0.5;
const lightFullness = 0.9;

export function createRate(options: RateOptions): Rate {
  const { perSecond, largeAmount = Number.POSITIVE_INFINITY, now = () => performance.now() } = options;
  if (perSecond === 0) return { take: () => true };
  const limits = (factor: number) => ({ perSecond: perSecond * factor, burst: perSecond * factor * burstSeconds, now });
  const each = createTokenBuckets({ ...limits(1), mostKeys: options.mostAddresses ?? mostAddresses });
  const all = createTokenBuckets({ ...limits(totalFactor), mostKeys: 1 });
  return {
    take(key, amount = 1) {
      const isLight = each.fullness(key) >= lightFullness;
      if (!isLight && all.fullness('') < keptForLight) return false;
      const isLarge = amount > largeAmount;
      if (isLarge && Math.min(each.fullness(key), all.fullness('')) < keptForSmall) return false;
      if (!each.take(key, amount)) return false;
      if (all.take('', amount)) return true;
      each.giveBack(key, amount);
      return false;
    },
  };
}
