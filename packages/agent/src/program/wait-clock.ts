// The rest of a wait that ends at a time of day. The machine's clock may be set meanwhile.

interface WaitClocks {
  now(): Date;
  /** Milliseconds of a clock that cannot be set. */
  monotonicMs(): number;
}

export interface WaitClock {
  /** Milliseconds until `until`, 0 or less when it is over. A clock that is set back does not make a wait longer. */
  leftMs(until: Date): number;
}

export function createWaitClock({ now, monotonicMs }: WaitClocks): WaitClock {
  let known = Number.NaN;
  let endsMs = 0;
  return {
    leftMs(until) {
      const byDay = until.getTime() - now().getTime();
      if (until.getTime() !== known) [known, endsMs] = [until.getTime(), monotonicMs() + byDay];
      return Math.min(byDay, endsMs - monotonicMs());
    },
  };
}
