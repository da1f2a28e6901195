// The server's clock: its worth, and the time that deletions go by.

import { programDate } from '../version.ts';
import { readClockMarks, writeClockMarks } from './clock-file.ts';
import { type ClockState, judgeClock } from './judge.ts';

export { programDate } from '../version.ts';
export { clockNotice, judgeClock } from './judge.ts';
export { openServerClock, type ServerClock } from './server-clock.ts';

/** The worth of the clock on a data directory whose server need not run. Reads only. */
export function inspectClock(dataDir: string, now: Date): ClockState {
  return judgeClock(now, { programDate, newest: readClockMarks(dataDir)?.newest });
}

/** The administrator says that `now` is right: whatever the data directory knew before counts no more. */
export function acceptClock(dataDir: string, now: Date): void {
  writeClockMarks(dataDir, { newest: now, ageing: now });
}
