// One server for each data directory. The lock belongs to the operating system (an exclusive SQLite transaction on
// DIR/moult.guard). It ends with the process, in every case. A process id that is used again cannot look like it.
// DIR/moult.lock beside it tells people and tools which process holds the lock and where it answers.
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { asDiskTrouble, diskTroubleOf } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import { type Guard, takeGuard } from './guard.ts';
import { lockingProcess } from './locking-process.ts';
import { writePrivateFile } from './private-files.ts';

export interface LockHolder {
  pid: number;
  /** The address of the server. Undefined while it is starting. */
  url: string | undefined;
  startedAt: string;
  /** The places of its parts as it got them, and its self-update port. Absent in locks of earlier versions. */
  settings?: RunningSettings;
}

/**
 * Settings of a running server that other commands need and cannot guess. The address of a database has no password.
 */
export interface RunningSettings {
  database: string;
  contentDir: string;
  selfUpdatePort: number | 'off';
}

export interface DataDirLock {
  /** Writes down where the server answers, and with what settings. */
  announce(url: string, settings?: RunningSettings): void;
  release(): void;
}

/**
 * Takes the data directory. Throws ServerError SERVER_IN_USE, naming the process and its URL, when another has it, and
 * SERVER_DATA_DIR when this user may not.
 */
export function lockDataDir(dataDir: string, { pid, now }: { pid: number; now: Date }): DataDirLock {
  const file = join(dataDir, 'moult.lock');
  const guard = guardOf(dataDir);
  const write = (url: string | undefined, settings?: RunningSettings) => {
    const holder: LockHolder = { pid, url, startedAt: now.toISOString(), ...(settings ? { settings } : {}) };
    try {
      writePrivateFile(file, `${JSON.stringify(holder)}\n`);
    } catch (error) {
      // It is for people and tools: without it a full disk has one server too.
      if (!diskTroubleOf(error)) throw error;
    }
  };
  try {
    write(undefined);
  } catch (error) {
    guard.release();
    throw cannotLock(dataDir, file, error);
  }
  return {
    announce: write,
    release: () => {
      rmSync(file, { force: true });
      guard.release();
    },
  };
}

/** The holder of the data directory according to moult.lock. The files of a killed server are still there. */
export function readLockHolder(dataDir: string): LockHolder | undefined {
  try {
    return JSON.parse(String(readOwnFile(join(dataDir, 'moult.lock')))) as LockHolder;
  } catch {
    return undefined;
  }
}

function guardOf(dataDir: string): Guard {
  const file = join(dataDir, 'moult.guard');
  let guard: Guard | undefined;
  try {
    guard = takeGuard(file);
  } catch (error) {
    throw cannotLock(dataDir, file, error);
  }
  if (guard) return guard;
  throw inUse(dataDir, readLockHolder(dataDir), lockingProcess(file));
}

function cannotLock(dataDir: string, file: string, cause: unknown): ServerError {
  const full = asDiskTrouble(cause, `The data directory ${dataDir} cannot be locked`);
  if (full instanceof ServerError) return full;
  const { code } = cause as NodeJS.ErrnoException;
  const owner = lstatSync(file, { throwIfNoEntry: false })?.uid;
  const isForeign = (code === 'EACCES' || code === 'EPERM') && owner !== undefined && owner !== process.geteuid?.();
  const why = isForeign
    ? `${file} belongs to another user (number ${owner}). Run the server as that user, or give it the directory: chown -R USER ${dataDir}`
    : String(cause);
  return new ServerError('SERVER_DATA_DIR', `The data directory ${dataDir} cannot be locked: ${why}`, { cause });
}

function inUse(dataDir: string, holder: LockHolder | undefined, locking: string | undefined): ServerError {
  const fallback = locking === undefined ? 'another one' : `${locking} holds its lock`;
  const who = holder ? `process ${holder.pid}${holder.url ? ` at ${holder.url}` : ', which is starting'}` : fallback;
  return new ServerError(
    'SERVER_IN_USE',
    `The data directory ${dataDir} is in use: a Moult server runs on it (${who}). Stop that one, or give this one a --data-dir of its own.`,
  );
}
