// One kind of thing, bounded per address and in total. An address may take from the total as long as it took no more
// lately than the total still holds. So greedy ones share it evenly, however many they are, and leave a part of the
// same size: who took nothing finds it, and is not shut out by them.
import { rateBounds } from '../../bounds.ts';
import { createRecentUse } from './recent-use.ts';
import { createTokenBuckets } from './token-buckets.ts';

interface Rate {
  /** Takes `amount` for an address key. False when it, or all addresses together, had enough. */
  take(key: string, amount?: number): boolean;
}

interface RateOptions {
  /** For one address. 0 for no bound. */
  perSecond: number;
  /** Amounts above this use the upper half of a rate only: what is small finds room beside them. */
  largeAmount?: number | undefined;
  /** So many seconds of its rate an address may take at once. Default: rateBounds.burstSeconds. */
  burstSeconds?: number | undefined;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
  mostAddresses?: number;
}

const keptForSmall = 0.5;
/** Of the rate at once. */
const leastCountedShare = 0.001;

export function createRate(options: RateOptions): Rate {
  const { perSecond, largeAmount = Number.POSITIVE_INFINITY, now = () => performance.now() } = options;
  if (perSecond === 0) return { take: () => true };
  const atOnce = options.burstSeconds ?? rateBounds.burstSeconds;
  const limits = (factor: number) => ({ perSecond: perSecond * factor, burst: perSecond * factor * atOnce, now });
  const each = createTokenBuckets({ ...limits(1), mostKeys: options.mostAddresses ?? rateBounds.maxAddresses });
  const all = createTokenBuckets({ ...limits(rateBounds.totalFactor), mostKeys: 1 });
  const burst = perSecond * atOnce;
  const lately = createRecentUse({
    ...{ fadesMs: atOnce * 1000, leastCounted: burst * leastCountedShare },
    ...{ mostKeys: options.mostAddresses ?? rateBounds.maxAddresses, now },
  });
  return {
    take(key, amount = 1) {
      const isLarge = amount > largeAmount;
      if (isLarge && each.fullness(key) < keptForSmall) return false;
      const left = all.fullness('') * burst * rateBounds.totalFactor;
      if (lately.of(key) > left * (isLarge ? keptForSmall : 1)) return false;
      if (!each.take(key, amount)) return false;
      if (!all.take('', amount)) {
        each.giveBack(key, amount);
        return false;
      }
      lately.add(key, amount);
      return true;
    },
  };
}
