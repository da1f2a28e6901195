// Lets one command at a time change a repository, and says in words when the disk refuses.
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DiskError } from '@moult/disk';
import { giveToOwnerOf, makeOwnFolder } from '../client/durable-files.ts';
import { ReleaseError } from '../errors.ts';

/**
 * Runs `work` alone. The lock ends with its process. Throws RELEASE_REPOSITORY_BUSY when another process, or another
 * call, holds it, and RELEASE_REPOSITORY_UNWRITABLE when the disk takes nothing.
 */
export function withLock<T>(directory: string, work: () => T): T {
  return withDiskWords(cannotChange(directory), () => {
    makeOwnFolder(directory, 0o700);
    const file = join(directory, 'lock');
    makeLockFile(file);
    const lock = new DatabaseSync(file, { timeout: 2_000 });
    try {
      takeLock(lock, directory);
      return work();
    } finally {
      lock.close();
    }
  });
}

export function cannotChange(directory: string): string {
  return `The repository ${directory} cannot be changed`;
}

/** Does `work`. A refusal of the disk in it is thrown as RELEASE_REPOSITORY_UNWRITABLE. `what` has no full stop. */
export function withDiskWords<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw inDiskWords(what, error);
  }
}

/** A refusal of the disk as RELEASE_REPOSITORY_UNWRITABLE. Any other error as it is. */
export function inDiskWords(what: string, error: unknown): unknown {
  const told = error instanceof DiskError ? (error.cause ?? error) : error;
  const { path } = told as NodeJS.ErrnoException;
  const code = codeOf(told);
  const [reason, remedy] = (code !== undefined && refusals[code]) || [];
  if (reason === undefined) return error;
  const place = path === undefined ? `(${code})` : `(${code}, ${path})`;
  const text = `${what}: ${reason} ${place}. What was published before stays published. ${remedy}`;
  return new ReleaseError('RELEASE_REPOSITORY_UNWRITABLE', text, { cause: error });
}

const freeSpace = 'Free some space on the disk, then run the command again.';
const otherUser = 'Run the command as the user that owns the folder.';
const refusals: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', freeSpace],
  EDQUOT: ['the disk quota of this user is used up', freeSpace],
  EROFS: ['the file system is read-only', 'Make it writable, or use a copy of the folder.'],
  EIO: ['the disk reports an error', 'Replace the disk, and restore a backup.'],
  EACCES: ['this user has no access', otherUser],
  EPERM: ['this user has no access', otherUser],
  ELOOP: ['a link is in the place of a file', 'Remove it.'],
  ENXIO: ['a pipe is in the place of a file', 'Remove it.'],
};

/** The lock is SQLite's: full, broken, read-only, not to be opened. */
const lockRefusals: Readonly<Record<number, string>> = { 13: 'ENOSPC', 10: 'EIO', 8: 'EACCES', 14: 'EACCES' };

function codeOf(error: unknown): string | undefined {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return errcode === undefined ? code : lockRefusals[errcode & 0xff];
}

/** For its owner only: whoever can open it can hold it for ever. SQLite makes it as the umask says. */
function makeLockFile(file: string): void {
  const { O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_WRONLY } = constants;
  const handle = openSync(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw Object.assign(new Error(`${file} is not a file.`), { code: 'EACCES', path: file });
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) fchmodSync(handle, 0o600);
    giveToOwnerOf(dirname(file), handle);
  } finally {
    closeSync(handle);
  }
}

const busy = 5;

function takeLock(lock: DatabaseSync, directory: string): void {
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    if ((cause as { errcode?: number }).errcode !== busy) throw cause;
    const text = `Another command changes the repository ${directory} now.`;
    throw new ReleaseError('RELEASE_REPOSITORY_BUSY', text, { cause });
  }
}
