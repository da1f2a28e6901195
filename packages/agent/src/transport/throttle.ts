// How fast bodies are taken. One throttle for a whole program: its requests share the rate.

export interface Throttle {
  /** Counts `bytes` as taken. Answers for how many milliseconds nothing more may be. */
  take(bytes: number): number;
}

/** So much comes at once before the rate is felt. */
const burstMs = 1000;

/** At most `bytesPerSecond`, on average since a second before. `now`: milliseconds of a clock that never goes back. */
export function createThrottle(bytesPerSecond: number, now: () => number = () => performance.now()): Throttle {
  let paidUntil = Number.NEGATIVE_INFINITY;
  return {
    take(bytes) {
      const time = now();
      paidUntil = Math.max(paidUntil, time - burstMs) + (bytes / bytesPerSecond) * 1000;
      return Math.max(0, paidUntil - time);
    },
  };
}
