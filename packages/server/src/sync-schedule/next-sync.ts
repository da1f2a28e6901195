// The time of the next synchronisation: after the interval that the administrator set, and a little later each time. So
// the servers of the world do not all ask at the full hour.
import type { SyncRun } from '@moult/store';

interface Facts {
  /** The newest run. */
  last: Pick<SyncRun, 'startedAt' | 'state'> | undefined;
  /** When a run of this process failed last, and none was successful since. */
  failedAt: Date | undefined;
  everyMs: number;
  now: Date;
  /** 0 to 1. */
  random: number;
}

const minuteMs = 60_000;

/** Never in the past. An interrupted run is continued, a failed one tried again, without waiting for the next turn. */
export function nextSyncAt({ last, failedAt, everyMs, now, random }: Facts): Date {
  const soon = later(now, (1 + 4 * random) * minuteMs);
  // A clock that was ahead and was corrected must not put it off for years.
  if (failedAt) return failedAt > now ? soon : later(failedAt, (15 + 15 * random) * minuteMs);
  if (last?.state !== 'done' || last.startedAt > now) return soon;
  const due = later(last.startedAt, everyMs + (everyMs / 10) * random);
  return due > soon ? due : soon;
}

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
