// Prepares the data directory before anything in it is used: makes it, locks it, closes it to other users and settles what
// was interrupted.
import { settleInterrupted } from '../backup/settle.ts';
import { isPostgres, sqliteFileOf } from '../database.ts';
import { ServerError } from '../errors.ts';
import { type Notice, noticeLine } from '../notice.ts';
import { requireDatabaseFile } from './expected-database.ts';
import { type DataDirLock, lockDataDir } from './lock.ts';
import { makePrivateFolder } from './private-files.ts';
import { tightenDataDir } from './tighten.ts';

interface OpenDataDir {
  lock: DataDirLock;
  /** Sentences about what was found and done. */
  said: string[];
  notices: Notice[];
}

interface DataDirOptions {
  dataDir: string;
  /** Of the database. */
  address: string;
  now: Date;
  /** The administrator means to begin with an empty database. */
  newDatabase: boolean;
}

/**
 * Throws SERVER_DATA_DIR, SERVER_IN_USE (a server or a restore works on it), SERVER_DATABASE_LOST and
 * SERVER_DATABASE_DAMAGED. The lock is free again then.
 */
export async function openDataDir({ dataDir, address, now, newDatabase }: DataDirOptions): Promise<OpenDataDir> {
  const databaseFile = isPostgres(address) ? undefined : sqliteFileOf(address);
  const notices = tightenDataDir(dataDir, databaseFile);
  const lock = lockDataDir(dataDir, { pid: process.pid, now });
  try {
    const { said, isRestoring } = await settleInterrupted(dataDir, address, now);
    if (isRestoring) throw restoring(dataDir);
    if (!newDatabase) requireDatabaseFile(dataDir, address);
    return { lock, said: [...said, ...notices.map(noticeLine)], notices };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Makes the folder, for its owner only, when it is missing. Throws SERVER_DATA_DIR. */
export function makeDataDir(dataDir: string): void {
  try {
    makePrivateFolder(dataDir);
  } catch (cause) {
    const message = `The data directory ${dataDir} cannot be made: ${String(cause)}`;
    throw new ServerError('SERVER_DATA_DIR', message, { cause });
  }
}

function restoring(dataDir: string): ServerError {
  const message = `A backup is being restored into ${dataDir}. Start the server when that is done.`;
  return new ServerError('SERVER_IN_USE', message);
}
