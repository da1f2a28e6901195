// Windows refuses to rename or remove what anybody has open: a virus scanner, an indexer, a program on its way out. They
// let go within seconds, so the agent waits for them. Elsewhere an open file is no hindrance and nothing is tried twice.
import { renameSync, rmSync } from 'node:fs';

const busy = new Set(['EBUSY', 'EPERM', 'EACCES', 'ENOTEMPTY']);
const longestWaitMs = 10_000;
const longestPauseMs = 200;

/** As renameSync; on Windows it waits up to ten seconds for whoever has the file open. */
export function renameWhenFree(from: string, to: string): void {
  whenFree(() => renameSync(from, to));
}

/** Removes a file, if it is there; waits as renameWhenFree does. A folder is an error. */
export function removeFileWhenFree(file: string): void {
  whenFree(() => rmSync(file, { force: true }));
}

/** Removes a folder with all that is in it, or a file, if it is there; waits as renameWhenFree does. */
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

/** Runs `act` again and again while somebody else is in its way. Blocks the thread. `platform`: for tests. */
export function whenFree(act: () => void, waitMs = longestWaitMs, platform: string = process.platform): void {
  const deadline = performance.now() + waitMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      act();
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (platform !== 'win32' || !busy.has(code) || performance.now() >= deadline) throw error;
      Atomics.wait(sleeper, 0, 0, pauseMs);
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
