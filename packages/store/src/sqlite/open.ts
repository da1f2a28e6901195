// An SQLite file as the store uses it: WAL, one connection, commits on disk before they are acknowledged.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Dialect, type Kysely, type QueryExecutorProvider, sql } from 'kysely';
import { makePrivateFile } from '../data-dir/private-files.ts';
import { asDiskTrouble, diskTroubleOf } from '../disk-trouble.ts';
import { createCheckpoints } from './checkpoints.ts';
import { type DurableSqliteParts, durableSqliteDialect } from './dialect.ts';
import { createWalSync } from './wal-sync.ts';

/** Pages kept in memory, in KiB, and while a table is read through that is not read again soon. */
const cacheKib = 65_536;
const onceReadCacheKib = 1024;

/**
 * Keeps few pages while `read` runs: each page more is memory of the system's that was never touched, which costs more
 * than reading it.
 */
export async function withSmallCache<Result>(
  tables: QueryExecutorProvider,
  read: () => Promise<Result>,
): Promise<Result> {
  const keep = (kib: number) => sql.raw(`pragma cache_size = -${kib}`).execute(tables);
  await keep(onceReadCacheKib);
  try {
    return await read();
  } finally {
    await keep(cacheKib);
  }
}

/** How long a writer waits for one of another process, in milliseconds. Nothing else runs in this process meanwhile. */
const waitMs = 10_000;

/** Runs `work` in a transaction, once. Throws SQLite's "database is locked" at once while another process writes. */
export function writeIfFree<Row, Result>(
  tables: Kysely<Row>,
  work: (transaction: Kysely<Row>) => Promise<Result>,
): Promise<Result> {
  return tables.connection().execute(async (connection) => {
    const wait = (milliseconds: number) => sql.raw(`pragma busy_timeout = ${milliseconds}`).execute(connection);
    await wait(0);
    try {
      return await connection.transaction().execute(work);
    } finally {
      await wait(waitMs);
    }
  });
}

/**
 * Opens `file`, or `:memory:`. Throws SQLite's words for a file that is not a database. On a disk that is full SQLite
 * cannot open a file that is fine: then every use tries again, and throws SERVER_DISK_FULL until it succeeds.
 */
export function openSqlite(file: string): Dialect {
  try {
    return durableSqliteDialect(openParts(file));
  } catch (error) {
    if (!diskTroubleOf(error)) throw error;
    return durableSqliteDialect(() => openAgain(file));
  }
}

function openAgain(file: string): DurableSqliteParts {
  try {
    return openParts(file);
  } catch (error) {
    throw asDiskTrouble(error, `The database ${file} cannot be opened`);
  }
}

function openParts(file: string): DurableSqliteParts {
  // Its log and shared memory take their modes from it.
  if (file !== ':memory:' && !existsSync(file)) makePrivateFile(file);
  const connection = new DatabaseSync(file, { timeout: waitMs });
  try {
    return prepareParts(file, connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function prepareParts(file: string, connection: DatabaseSync): DurableSqliteParts {
  connection.exec(`pragma foreign_keys = on; pragma cache_size = -${cacheKib}; pragma temp_store = memory`);
  const mode = connection.prepare('pragma journal_mode = wal').get() as { journal_mode: string };
  if (mode.journal_mode !== 'wal') {
    // In memory, or on a file system without shared memory: then each commit waits for itself.
    connection.exec('pragma synchronous = full');
    return { connection, durable: async () => undefined, close: async () => connection.close() };
  }
  connection.exec('pragma synchronous = normal');
  const log = createWalSync(file);
  const checkpoints = createCheckpoints(file, connection);
  return {
    connection,
    async durable() {
      await log.durable();
      checkpoints.noteCommit();
    },
    recover: log.recover,
    admit: log.admit,
    async close() {
      await checkpoints.close();
      await log.close();
      if (log.isLost) leaveOpen();
      else connection.close();
    },
  };
}

/**
 * To close the last connection copies the log into the database, and this log is not whole. An exit leaves both alone.
 */
function leaveOpen(): void {
  process.once('beforeExit', () => process.exit());
}
