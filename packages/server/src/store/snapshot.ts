// Whole tables as they all were at one moment, while others go on writing: for backups. Connections of its own, so that
// nobody waits for it.
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { ServerError } from '../errors.ts';
import { type Engine, isPostgres, parserOf, sqliteFileOf, withoutPassword } from './database.ts';

export interface Snapshot {
  engine: Engine;
  /** Every row of a table; `table` is one of ours, not a stranger's text. One table at a time. */
  rows(table: string): AsyncIterable<Record<string, unknown>>;
  close(): Promise<void>;
}

/** Throws ServerError SERVER_DATABASE when the database cannot be read. */
export async function openSnapshot(address: string): Promise<Snapshot> {
  try {
    return await (isPostgres(address) ? snapshotPostgres(address) : snapshotSqlite(sqliteFileOf(address)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The database ${withoutPassword(address)} cannot be read: ${reason}`;
    throw new ServerError('SERVER_DATABASE', message, { cause });
  }
}

/** In WAL mode a reading transaction sees one moment, and stops nobody. */
async function snapshotSqlite(file: string): Promise<Snapshot> {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  connection.exec('begin');
  // The moment is that of the first read, not that of the begin.
  connection.prepare('select count(*) from migrations').get();
  return {
    engine: 'sqlite',
    async *rows(table) {
      yield* connection.prepare(`select * from ${table} order by rowid`).iterate();
    },
    async close() {
      connection.close();
    },
  };
}

async function snapshotPostgres(address: string): Promise<Snapshot> {
  const client = new pg.Client({ connectionString: address, types: { getTypeParser: parserOf } });
  await client.connect();
  await client.query('begin isolation level repeatable read read only');
  await client.query('select count(*) from migrations');
  return {
    engine: 'postgres',
    async *rows(table) {
      await client.query(`declare snapshot no scroll cursor for select * from ${table}`);
      for (;;) {
        const { rows } = await client.query(`fetch ${rowsPerFetch} from snapshot`);
        if (rows.length === 0) break;
        yield* rows;
      }
      await client.query('close snapshot');
    },
    close: () => client.end(),
  };
}

const rowsPerFetch = 500;
