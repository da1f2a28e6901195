// Decides whether to go on with a download that breaks again and again. A server that sends a little and then cuts,
// again and again, must not block the others (slow retrieval).
import { httpLimits } from '../bounds.ts';

interface Pace {
  /**
   * After a broken try that brought so many bytes: whether all tries together came fast enough, and this one brought
   * something.
   */
  isKept(brought: number): boolean;
}

/** `clock`: milliseconds, never backwards. */
export function createPace(clock: () => number, leastBytesPerSecond = httpLimits.leastBytesPerSecond): Pace {
  const startedMs = clock();
  let all = 0;
  return {
    isKept(brought) {
      all += Math.max(0, brought);
      return brought > 0 && all >= (leastBytesPerSecond * (clock() - startedMs)) / 1000;
    },
  };
}
