// Whether the backups of a server are in order, and when the next one is due.
import type { BackupState } from './state.ts';

/** `waiting`: the first one is not made yet. */
export type BackupHealth = 'off' | 'waiting' | 'fine' | 'late' | 'failed';

const hourMs = 3_600_000;

/** A backup is late a quarter of the interval after it was due, but not within the first hour. */
export function healthOf({ plan, last, failure }: Omit<BackupState, 'ownerId'>, now: Date): BackupHealth {
  if (!plan) return 'off';
  if (failure) return 'failed';
  const everyMs = plan.everyHours * hourMs;
  const since = Date.parse(last?.at ?? plan.since);
  if (now.getTime() - since > everyMs + Math.max(hourMs, everyMs / 4)) return 'late';
  return last ? 'fine' : 'waiting';
}

interface DueFacts {
  state: Omit<BackupState, 'ownerId'>;
  now: Date;
  /** Milliseconds since the last backup of this process was done, by the monotonic clock. Undefined: it made none. */
  sinceOwnMs: number | undefined;
  /** The same, since the last try that failed. */
  sinceFailedMs: number | undefined;
}

const retryMs = hourMs / 4;

/**
 * Whether a backup is due now. The clock alone does not decide. With a clock that jumps again and again, many backups in a row make all
 * older ones go.
 */
export function isDue({ state: { plan, last }, now, sinceOwnMs, sinceFailedMs }: DueFacts): boolean {
  if (!plan || (sinceFailedMs !== undefined && sinceFailedMs < retryMs)) return false;
  if (!last) return true;
  const everyMs = plan.everyHours * hourMs;
  const sinceMs = now.getTime() - Date.parse(last.at);
  // The clock was ahead when it was made, or went back since.
  const isDueByClock = sinceMs >= everyMs || sinceMs < 0;
  if (sinceOwnMs === undefined) return isDueByClock;
  return sinceOwnMs >= everyMs || (isDueByClock && sinceOwnMs >= everyMs / 2);
}

/** When the next one is due. Undefined when the server makes none. */
export function nextBackupAt({ plan, last, failure }: Omit<BackupState, 'ownerId'>, now: Date): Date | undefined {
  if (!plan) return undefined;
  const due = last ? new Date(Date.parse(last.at) + plan.everyHours * hourMs) : now;
  const again = failure ? new Date(Date.parse(failure.at) + retryMs) : due;
  const at = again > due ? again : due;
  return at > now ? at : now;
}
