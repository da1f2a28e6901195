// How long is left of a wait that ends at a time of day, on a machine whose clock may be set while it waits.

interface WaitClocks {
  now(): Date;
  /** Milliseconds that nobody can set. */
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
