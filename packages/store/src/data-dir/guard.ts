// A lock of the operating system that ends with its process, however the process ends: an exclusive SQLite transaction
// on a file. Only its owner can open the file, so no other local user can hold the lock.
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { makePrivateFile } from './private-files.ts';

export interface Guard {
  release(): void;
}

/**
 * Takes the lock. Undefined when another process has it. Throws what the system says of a file that cannot be opened.
 */
export function takeGuard(file: string): Guard | undefined {
  makePrivateFile(file);
  const guard = new DatabaseSync(file);
  try {
    guard.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
    return { release: () => guard.close() };
  } catch (error) {
    guard.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Waits for the lock for so long (milliseconds), does `work`, lets go. Undefined when the time was over before. */
export async function withGuard<Result>(
  file: string,
  patienceMs: number,
  work: () => Promise<Result>,
): Promise<{ result: Result } | undefined> {
  const stepMs = 50;
  let guard = takeGuard(file);
  for (let waitedMs = 0; !guard && waitedMs < patienceMs; waitedMs += stepMs) {
    await pause(stepMs);
    guard = takeGuard(file);
  }
  if (!guard) return undefined;
  try {
    return { result: await work() };
  } finally {
    guard.release();
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}
