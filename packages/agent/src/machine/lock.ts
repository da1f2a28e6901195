// A lock is a file that names its holder: process id and the time that process started, so that an id used again by a
// stranger does not count. A dead holder's lock is taken over. Windows tells no start times: there the lock also has a
// guard (lock-guard.ts).

import { closeSync, linkSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { isMissing, removeFileWhenFree, steadily } from '@moult/disk';
import { writeFileAtomically } from './atomic-file.ts';
import { isGuardTaken, takeGuard } from './lock-guard.ts';

export interface LockHolder {
  pid: number;
  started: string;
}

export interface HeldLock {
  release(): void;
}

/** Takes the lock at `file`, or answers who holds it. Throws what the disk says: a lock that it cannot read is not free. */
export function tryLock(file: string): HeldLock | LockHolder {
  return isGuarded ? tryGuarded(file) : tryUnguarded(file);
}

function tryUnguarded(file: string): HeldLock | LockHolder {
  const mine: LockHolder = { pid: process.pid, started: startOf(process.pid) ?? '' };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createExclusively(file, JSON.stringify(mine))) {
      heldHere.add(file);
      return { release: () => releaseOwn(file, mine) };
    }
    const holder = readLock(file);
    if (holder && isAlive(holder) && !isForgotten(file, holder)) return holder;
    removeStale(file, holder);
  }
  return readLock(file) ?? mine;
}

/** A look at the guard (lockHolder) takes it for a moment: whoever wants it tries for a little longer. */
function tryGuarded(file: string): HeldLock | LockHolder {
  for (let attempt = 0; attempt < 20; attempt++) {
    const guard = takeGuard(file);
    if (!guard) {
      const holder = glimpseLock(file);
      if (holder && processLives(holder.pid)) return holder;
      Atomics.wait(sleeper, 0, 0, 10);
      continue;
    }
    // A lock without its guard is a dead process's.
    removeFileWhenFree(file);
    const lock = tryUnguarded(file);
    if (!('release' in lock)) {
      guard.close();
      return lock;
    }
    return {
      release: () => {
        lock.release();
        guard.close();
      },
    };
  }
  return glimpseLock(file) ?? { pid: 0, started: '' };
}

/** As tryLock, tried for `waitMs`. Undefined when it stays taken. Blocks the thread: for waits of a second or two. */
export function lockWaiting(file: string, waitMs: number): HeldLock | undefined {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const lock = tryLock(file);
    if ('release' in lock) return lock;
    if (performance.now() >= deadline) return undefined;
    Atomics.wait(sleeper, 0, 0, 10);
  }
}

/**
 * The living holder of the lock at `file`, if any. Throws what the disk says when it cannot read the lock. Windows tells
 * without reading: a lock whose guard is free has no holder.
 */
export function lockHolder(file: string): LockHolder | undefined {
  if (isGuarded && !isGuardTaken(file)) return undefined;
  const holder = readLock(file);
  return holder && isAlive(holder) && !isForgotten(file, holder) ? holder : undefined;
}

/** Notes another process at `file`, so that livingProcess finds it. Throws what the disk says. */
export function noteProcess(file: string, pid: number): void {
  writeFileAtomically(file, JSON.stringify({ pid, started: startOf(pid) ?? '' }));
}

/** The process that noteProcess noted at `file`, as long as it lives. Throws what the disk says when it cannot read the file. */
export function livingProcess(file: string): LockHolder | undefined {
  const holder = readLock(file);
  return holder && isAlive(holder) ? holder : undefined;
}

const isGuarded = process.platform === 'win32';
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Whole or not at all: the text is written to another file and linked into place, so that a reader never sees half a
 * lock.
 */
function createExclusively(file: string, text: string): boolean {
  const aside = `${file}.${process.pid}`;
  try {
    const handle = openSync(aside, 'w');
    try {
      writeSync(handle, text);
    } finally {
      closeSync(handle);
    }
    linkSync(aside, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    removeFileWhenFree(aside);
  }
}

/** Moves the stale lock aside first: of two who found it stale, only one moves the file they both looked at. */
function removeStale(file: string, seen: LockHolder | undefined): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  let isAnother = true;
  try {
    const moved = readLock(aside);
    isAnother = moved !== undefined && isAlive(moved) && moved.pid !== seen?.pid;
  } finally {
    if (isAnother) putBack(aside, file);
    removeFileWhenFree(aside);
  }
}

function putBack(aside: string, file: string): void {
  try {
    linkSync(aside, file);
  } catch {
    // A third one took the lock meanwhile. It is held, which is all that matters.
  }
}

function releaseOwn(file: string, mine: LockHolder): void {
  heldHere.delete(file);
  try {
    const holder = readLock(file);
    if (holder?.pid !== mine.pid || holder.started !== mine.started) return;
    removeFileWhenFree(file);
  } catch {
    // The disk fails, or takes no change now. The work under the lock is done. The file is a forgotten one from here on.
  }
}

/** The locks that this process holds. */
const heldHere = new Set<string>();

/** This process let go of it, or never knew that it had it. The disk did not let it remove the file. */
function isForgotten(file: string, holder: LockHolder): boolean {
  return holder.pid === process.pid && !heldHere.has(file);
}

/** Undefined without a lock, or with rubbish in its place. Throws what the disk says: somebody may hold the lock. */
function readLock(file: string): LockHolder | undefined {
  try {
    return parseLock(steadily(() => readFileSync(file, 'utf8')));
  } catch (error) {
    // A folder in its place is not a lock.
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'EISDIR')) return undefined;
    throw error;
  }
}

/** As readLock. Undefined as well while the disk does not tell: the guard decides, and it is asked again. */
function glimpseLock(file: string): LockHolder | undefined {
  try {
    return parseLock(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function parseLock(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started } = value as Record<string, unknown>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: LockHolder): boolean {
  if (!processLives(holder.pid)) return false;
  const start = startOf(holder.pid);
  return start !== 'dead' && (start === undefined || holder.started === '' || start === holder.started);
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Start time in clock ticks since boot (Linux, proc_pid_stat(5), field 22). 'dead' for a zombie. Else undefined. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'dead' : fields[19];
  } catch {
    return undefined;
  }
}
