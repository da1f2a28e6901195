// Token buckets, one per key, in a table of bounded size. A bucket is forgotten only when it is full again: to forget
// it then changes nothing. So another's bucket cannot be pushed out of the table to have it refilled.

interface BucketLimits {
  /** Tokens that come back each second. */
  perSecond: number;
  /** Tokens that a bucket holds. */
  burst: number;
}

interface TokenBuckets {
  /** Takes `amount` tokens of the key's bucket. False, and nothing taken, when it does not hold them. */
  take(key: string, amount: number): boolean;
  /** Puts back what was taken in vain. */
  giveBack(key: string, amount: number): void;
  /** How full the key's bucket is: 1 is full. */
  fullness(key: string): number;
  readonly size: number;
}

interface TokenBucketOptions extends BucketLimits {
  /** Keys in the table. When all of their buckets are in use, further keys share one bucket. */
  mostKeys: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

interface Bucket {
  level: number;
  at: number;
}

const shared = Symbol('keys beyond the table');

export function createTokenBuckets({ perSecond, burst, mostKeys, now }: TokenBucketOptions): TokenBuckets {
  /** The key that was used longest ago first. */
  const buckets = new Map<string | symbol, Bucket>();

  const refilled = (bucket: Bucket, at: number): Bucket => {
    bucket.level = Math.min(burst, bucket.level + ((at - bucket.at) / 1000) * perSecond);
    bucket.at = at;
    return bucket;
  };

  const makeRoom = (at: number): boolean => {
    if (buckets.size < mostKeys) return true;
    const [oldest] = buckets;
    if (!oldest || refilled(oldest[1], at).level < burst) return false;
    return buckets.delete(oldest[0]);
  };

  const bucketOf = (key: string, at: number): Bucket => {
    const known = buckets.get(key);
    if (known) {
      buckets.delete(key);
      buckets.set(key, known);
      return refilled(known, at);
    }
    const isShared = !makeRoom(at);
    const place = isShared ? shared : key;
    const bucket = (isShared && buckets.get(shared)) || { level: burst, at };
    // The shared bucket is the newest whenever it is used: the others are looked at for room before it.
    buckets.delete(place);
    buckets.set(place, bucket);
    return refilled(bucket, at);
  };

  return {
    take(key, amount) {
      const bucket = bucketOf(key, now());
      // An amount larger than a bucket passes when the bucket is full, and is paid off afterwards.
      if (bucket.level < Math.min(amount, burst)) return false;
      bucket.level -= amount;
      return true;
    },
    giveBack(key, amount) {
      const bucket = bucketOf(key, now());
      bucket.level = Math.min(burst, bucket.level + amount);
    },
    fullness: (key) => Math.max(0, bucketOf(key, now()).level) / burst,
    get size() {
      return buckets.size;
    },
  };
}
