// Since when a machine has been awake. A program that sleeps for seconds and finds hours gone was suspended, or its
// clock was set: what was planned for the time between was missed.

interface Sleep {
  before: Date;
  after: Date;
  /** By a clock that cannot be set. It may stand still while a machine is suspended. */
  passedMs: number;
}

export interface AwakeClock {
  since(): Date;
  slept(sleep: Sleep): void;
}

/** More than this between two looks is a gap. */
const gapMs = 10 * 60_000;

export function createAwakeClock(startedAt: Date): AwakeClock {
  let since = startedAt;
  return {
    since: () => since,
    slept({ before, after, passedMs }) {
      const byDay = after.getTime() - before.getTime();
      const isGap = passedMs > gapMs || Math.abs(byDay - passedMs) > gapMs;
      // After a clock that was set back the start is in the future.
      if (isGap || since > after) since = after;
    },
  };
}
