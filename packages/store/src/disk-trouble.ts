// The errors of a disk that takes no writes, in one place: the codes of the file system, of SQLite and of PostgreSQL.
import { ServerError } from './errors.ts';

/**
 * Why the disk refused, in words, when `error` (or what caused it) says so: full, over quota, read-only, broken.
 * Undefined for every other error.
 */
export function diskTroubleOf(error: unknown): string | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    const { code, errcode } = cause as { code?: unknown; errcode?: unknown };
    const known = typeof code === 'string' ? reasons[code] : undefined;
    const reason = known ?? (typeof errcode === 'number' ? sqliteReason(errcode) : undefined);
    if (reason) return reason;
  }
  return undefined;
}

/**
 * ServerError SERVER_DISK_FULL when the disk refused, any other error as it is. `what` says what was not done, as a
 * sentence without its full stop: `The database cannot be written`.
 */
export function asDiskTrouble(error: unknown, what: string): unknown {
  if (error instanceof ServerError) return error;
  const reason = diskTroubleOf(error);
  if (reason === undefined) return error;
  return new ServerError('SERVER_DISK_FULL', `${what}: ${reason}. ${remedy}`, { cause: error });
}

/** Does `work`. A refusal of the disk in it is thrown as SERVER_DISK_FULL, see asDiskTrouble. */
export async function withDiskTrouble<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asDiskTrouble(error, what);
  }
}

const remedy = 'Free some space on the disk, or fix it, and try again. A running server goes on by itself.';

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full (ENOSPC)',
  EDQUOT: 'the disk quota of this user is used up (EDQUOT)',
  EROFS: 'the file system is read-only (EROFS)',
  EIO: 'the disk reports an error (EIO)',
  // PostgreSQL's disk_full and io_error.
  '53100': 'the disk of the database is full (53100)',
  '58030': 'the disk of the database reports an error (58030)',
};

const sqliteFull = 13;
const sqliteIoError = 10;
const sqliteNoMemory = 3082;
/** Its shared memory, 32 KiB beside the database, did not fit. */
const sqliteSharedMemorySize = 4874;

/** `code` is an extended result code. Its low byte is the kind. */
function sqliteReason(code: number): string | undefined {
  if (code === sqliteSharedMemorySize) return 'the disk is full (SQLITE_IOERR_SHMSIZE)';
  if ((code & 0xff) === sqliteFull) return 'the disk is full (SQLITE_FULL)';
  if ((code & 0xff) === sqliteIoError && code !== sqliteNoMemory)
    return `the disk reports an error (SQLITE_IOERR ${code})`;
  return undefined;
}
