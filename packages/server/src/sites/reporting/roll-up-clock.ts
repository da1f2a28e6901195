// The times of a downstream server, by our clock. As Windows does (MS-WSUSSS 3.1.4.14, note 50): beyond a minute, the difference
// of the clocks is added to each time of the request. `moult downstream` shows the difference.

interface Corrected {
  /** Undefined for "never": 1753 in MS-WSUSSS, the year 1 of .NET. A time after now is now. */
  at(time: Date): Date | undefined;
  /** How far the other clock is ahead of ours. */
  aheadMs: number;
}

export function correctedBy(now: Date, clientTime: Date): Corrected {
  const aheadMs = clientTime.getTime() - now.getTime();
  const shiftMs = Math.abs(aheadMs) > toleratedMs ? -aheadMs : 0;
  return {
    aheadMs,
    at(time) {
      if (time.getUTCFullYear() < earliestYear) return undefined;
      // Else no later report counts as a newer one.
      return new Date(Math.min(time.getTime() + shiftMs, now.getTime()));
    },
  };
}

const toleratedMs = 60_000;
const earliestYear = 1900;
