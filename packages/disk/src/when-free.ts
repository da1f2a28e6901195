// Windows refuses to rename or remove what anybody has open, and to open what somebody has for himself alone: a virus scanner, an indexer, a program on its way out. They
// let go within seconds, so the agent waits for them. Elsewhere an open file does not hinder, and nothing is tried twice.
import { openSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { fileBounds } from './bounds.ts';
import { systemCodeOf } from './errors.ts';

const busy = new Set(['EBUSY', 'EPERM', 'EACCES', 'ENOTEMPTY']);
const taken = new Set(['EBUSY']);
const pausesMs = { first: 5, last: 200 };

/** As renameSync. On Windows it waits up to ten seconds for whoever has the file open. */
export function renameWhenFree(from: string, to: string): void {
  whenFree(() => renameSync(from, to));
}

/** Removes a file, if it is there. Waits as renameWhenFree does. A folder is an error. */
export function removeFileWhenFree(file: string): void {
  whenFree(() => {
    try {
      // rmSync of Node 24 loses the word of the system for some errors (EROFS): its error then has an empty code.
      unlinkSync(file);
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
    }
  });
}

/** Removes a folder with all that is in it, or a file, if it is there. Waits as renameWhenFree does. */
export function removeWhenFree(path: string): void {
  whenFree(() => rmSync(path, { recursive: true, force: true }));
}

/** As removeWhenFree, for what may also stay: false when it could not be removed. */
export function removeIfPossible(path: string): boolean {
  try {
    removeWhenFree(path);
    return true;
  } catch {
    return false;
  }
}

/** As openSync for reading. Waits as renameWhenFree does for a program that does not share the file. */
export function openWhenFree(path: string, flags: number): number {
  return whenFree(() => openSync(path, flags), { codes: taken });
}

interface WaitOptions {
  waitMs?: number;
  /** The system's words for what passes. */
  codes?: ReadonlySet<string>;
  /** For tests. */
  platform?: string;
}

/** Runs `act` again and again while somebody else is in its way. Blocks the thread. */
export function whenFree<Result>(
  act: () => Result,
  { waitMs = fileBounds.maxBusyMs, codes = busy, platform = process.platform }: WaitOptions = {},
): Result {
  const deadline = performance.now() + waitMs;
  for (let pauseMs = pausesMs.first; ; pauseMs = Math.min(pauseMs * 2, pausesMs.last)) {
    try {
      return act();
    } catch (error) {
      if (platform !== 'win32' || !codes.has(systemCodeOf(error) ?? '') || performance.now() >= deadline) throw error;
      Atomics.wait(sleeper, 0, 0, pauseMs);
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
