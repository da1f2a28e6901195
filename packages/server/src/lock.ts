// One server per data directory. What holds is a lock of the operating system (an exclusive SQLite transaction on
// DIR/moult.guard): it ends with the process whatever ends it, and no reused process id can look like it.
// DIR/moult.lock beside it is for people and tools: who holds, and where it answers.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { asDiskTrouble, diskTroubleOf } from './disk-trouble.ts';
import { ServerError } from './errors.ts';

export interface LockHolder {
  pid: number;
  /** Where the server answers; undefined while it is starting. */
  url: string | undefined;
  startedAt: string;
}

export interface DataDirLock {
  /** Writes down where the server answers. */
  announce(url: string): void;
  release(): void;
}

/** Takes the data directory. Throws ServerError SERVER_IN_USE, naming the process and its URL, when another has it. */
export function lockDataDir(dataDir: string, { pid, now }: { pid: number; now: Date }): DataDirLock {
  const guard = new DatabaseSync(join(dataDir, 'moult.guard'));
  try {
    guard.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive');
  } catch (error) {
    guard.close();
    if (isBusy(error)) throw inUse(dataDir, readLockHolder(dataDir));
    const what = `The data directory ${dataDir} cannot be locked`;
    const full = asDiskTrouble(error, what);
    if (full instanceof ServerError) throw full;
    throw new ServerError('SERVER_DATA_DIR', `${what}: ${String(error)}`, { cause: error });
  }
  const file = join(dataDir, 'moult.lock');
  const write = (url: string | undefined) => {
    const holder: LockHolder = { pid, url, startedAt: now.toISOString() };
    try {
      writeFileSync(file, `${JSON.stringify(holder)}\n`);
    } catch (error) {
      // It is for people and tools: without it a full disk has one server too.
      if (!diskTroubleOf(error)) throw error;
    }
  };
  write(undefined);
  return {
    announce: write,
    release: () => {
      rmSync(file, { force: true });
      guard.close();
    },
  };
}

/** Who holds the data directory according to moult.lock; what a killed server left behind is still there. */
export function readLockHolder(dataDir: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'moult.lock'), 'utf8')) as LockHolder;
  } catch {
    return undefined;
  }
}

function isBusy(error: unknown): boolean {
  const sqliteBusy = 5;
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}

function inUse(dataDir: string, holder: LockHolder | undefined): ServerError {
  const who = holder
    ? `process ${holder.pid}${holder.url ? ` at ${holder.url}` : ', which is starting'}`
    : 'another one';
  return new ServerError(
    'SERVER_IN_USE',
    `The data directory ${dataDir} is in use: a Moult server runs on it (${who}). Stop that one, or give this one a --data-dir of its own.`,
  );
}
