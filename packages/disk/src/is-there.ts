// There, missing, or unknown: three answers, not two. `existsSync` says "missing" for a failing disk as well. A program
// that believes it writes a new file over a whole one, or goes on without its policy. Only ENOENT and ENOTDIR are
// absence. Anything else is tried again for a moment, and then it is an error.

import { readdirSync, statSync } from 'node:fs';
import { DiskError, systemCodeOf } from './errors.ts';
import { type OutsideLimits, readOutside, unreadable } from './outside-file.ts';

const missing: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/** Whether an error of the system, or a DiskError, says that a file is missing. */
export function isMissing(error: unknown): boolean {
  return missing.has(wordOf(error) ?? '');
}

/** Whether the disk could not do or tell something. False for a missing file, and for a file that is not as it should be. */
export function isDiskFault(error: unknown): boolean {
  const isOfSystem = error instanceof DiskError ? error.systemCode !== undefined : isSystemError(error);
  return isOfSystem && !isMissing(error);
}

/** Whether something is at `path`. A link counts as its target. Throws DISK_UNREADABLE when the disk does not tell. */
export function isThere(path: string): boolean {
  try {
    steadily(() => statSync(path));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw unreadable(path, error);
  }
}

/**
 * As isThere, and false also when the disk does not tell. For what is asked again in a moment, and for copies that can
 * be had again.
 */
export function isSurelyThere(path: string): boolean {
  return statOrNothing(path) !== undefined;
}

/** The bytes of a regular file, undefined without one. Throws as readOutside does when it is there and cannot be read. */
export function readIfThere(path: string, limits?: OutsideLimits): Buffer | undefined {
  try {
    return steadily(() => readOutside(path, limits));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The names in a folder, sorted. None without a folder. Throws DISK_UNREADABLE when it is there and cannot be read. */
export function listIfThere(folder: string): string[] {
  try {
    return steadily(() => readdirSync(folder)).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw unreadable(folder, error);
  }
}

/** Runs `read` again, four times within a third of a second, while the disk fails. Throws its last error. Blocks the thread. */
export function steadily<Result>(read: () => Result): Result {
  for (let tries = 1; ; tries += 1) {
    try {
      return read();
    } catch (error) {
      if (!isDiskFault(error) || tries === readings) throw error;
      Atomics.wait(sleeper, 0, 0, pauseMs);
    }
  }
}

const readings = 4;
const pauseMs = 100;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function statOrNothing(path: string) {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number';
}

function wordOf(error: unknown): string | undefined {
  return error instanceof DiskError ? error.systemCode : systemCodeOf(error);
}
