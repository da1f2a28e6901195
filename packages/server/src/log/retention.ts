// Decides which log files are removed: the oldest first, by bytes and by days. The age comes from the names that the
// server gave them. A wrong clock must not cost all of them: the newest stay, however old they seem.
import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface LogRetention {
  /** Of all files together, those that are being written included. */
  budgetBytes: number;
  days: number;
  now: Date;
  /** The time that ages are counted by (see ServerClock). Undefined while nothing may: then nothing goes by its age. */
  ageingNow: Date | undefined;
}

export interface KeptLog {
  path: string;
  /** Days since 1970 of its name. Undefined for the file that is being written, which stays in any case. */
  day: number | undefined;
  /** Within its day. */
  sequence: number;
  sizeBytes: number;
}

export const dayMs = 86_400_000;

/** So much of the newest stays, however old it seems: an eighth of the budget, at most 8 MiB. */
export function keptWhateverAge(budgetBytes: number): number {
  return Math.min(budgetBytes / 8, 8 * 1_048_576);
}

/** The paths that go. */
export function outdatedLogs(logs: readonly KeptLog[], { budgetBytes, days, now, ageingNow }: LogRetention): string[] {
  const today = Math.floor(now.getTime() / dayMs);
  const oldest = ageingNow === undefined ? Number.NEGATIVE_INFINITY : Math.floor(ageingNow.getTime() / dayMs) - days;
  // From tomorrow on are files of a clock that has been put back: they are not the newest.
  const rank = ({ day }: KeptLog) => (day === undefined ? 2 : day <= today + 1 ? 1 : 0);
  const newestFirst = logs.toSorted(
    (a, b) => rank(b) - rank(a) || (b.day ?? 0) - (a.day ?? 0) || b.sequence - a.sequence,
  );
  const outdated: string[] = [];
  let bytes = 0;
  // From the first file that does not fit on all go: what is left has no gap.
  let isOver = false;
  for (const { path, day, sizeBytes } of newestFirst) {
    const isOld = day !== undefined && day < oldest && bytes >= keptWhateverAge(budgetBytes);
    isOver ||= bytes + sizeBytes > budgetBytes;
    if (day !== undefined && (isOld || isOver)) outdated.push(path);
    else bytes += sizeBytes;
  }
  return outdated;
}

/** The logs of `folder` whose names `dayOf` knows. None without a folder. */
export function logsIn(
  folder: string,
  dayOf: (name: string) => Pick<KeptLog, 'day' | 'sequence'> | undefined,
): KeptLog[] {
  const logs: KeptLog[] = [];
  for (const name of namesIn(folder)) {
    const known = dayOf(name);
    const path = join(folder, name);
    const found = known && statSync(path, { throwIfNoEntry: false });
    if (known && found?.isFile()) logs.push({ path, ...known, sizeBytes: found.size });
  }
  return logs;
}

/** Removes what outdatedLogs names. A file that cannot be removed is tried again the next time. */
export function removeOutdated(logs: readonly KeptLog[], retention: LogRetention): number {
  const outdated = outdatedLogs(logs, retention);
  let removed = 0;
  for (const path of outdated) {
    try {
      rmSync(path);
      removed++;
    } catch {}
  }
  return removed;
}

/** `budgetBytes`, and at most a tenth of the disk that `folder` is on. */
export function boundedByDisk(budgetBytes: number, folder: string): number {
  try {
    const { blocks, bsize } = statfsSync(folder);
    return Math.min(budgetBytes, Math.floor((blocks * bsize) / 10));
  } catch {
    return budgetBytes;
  }
}

/** `YYYYMMDD` or `YYMMDD` to days since 1970. Undefined for a text that is not a date. */
export function dayOfName(digits: string): number | undefined {
  const text = digits.length === 6 ? `20${digits}` : digits;
  const time = Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : time / dayMs;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
