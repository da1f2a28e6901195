// Reads whole tables as they were at one moment, while others go on writing: for backups. It has connections of its
// own, so that no other work waits for it.
import { DatabaseSync } from 'node:sqlite';
import { connectError, type Engine, isPostgres, sqliteFileOf, withoutPassword } from './database.ts';
import { commandDatabase } from './declared-bounds.ts';
import { DatabaseAway, ServerError } from './errors.ts';
import { parsePostgresAddress } from './postgres/address.ts';
import { connectPostgres } from './postgres/connect.ts';
import { passingReason } from './postgres/trouble.ts';

export interface Snapshot {
  engine: Engine;
  /** Every row of a table. `table` is one of ours, not a stranger's text. One table at a time. */
  rows(table: string): AsyncIterable<Record<string, unknown>>;
  /** The same, some at a time: to hand on each row for itself costs more than to read it. */
  batches(table: string): AsyncIterable<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** Throws ServerError SERVER_DATABASE or SERVER_DATABASE_AWAY when the database cannot be read. */
export async function openSnapshot(address: string): Promise<Snapshot> {
  try {
    return await (isPostgres(address) ? snapshotPostgres(address) : snapshotSqlite(sqliteFileOf(address)));
  } catch (error) {
    const cause = connectError(address, error);
    if (cause instanceof ServerError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `The database ${withoutPassword(address)} cannot be read: ${reason}`;
    throw new ServerError('SERVER_DATABASE', message, { cause });
  }
}

/** In WAL mode a reading transaction sees one moment, and stops no writer. */
async function snapshotSqlite(file: string): Promise<Snapshot> {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  connection.exec('begin');
  // The moment is that of the first read, not that of the begin.
  connection.prepare('select count(*) from migrations').get();
  // A table without row numbers is read by its primary key anyway.
  const unnumbered = connection.prepare('select name from pragma_table_list where wr = 1').all();
  const order = (table: string) => (unnumbered.some(({ name }) => name === table) ? '' : 'order by rowid');
  async function* batches(table: string) {
    let batch: Record<string, unknown>[] = [];
    for (const row of connection.prepare(`select * from ${table} ${order(table)}`).iterate()) {
      if (batch.push(row) < rowsPerFetch) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
  return {
    engine: 'sqlite',
    rows: (table) => oneByOne(batches(table)),
    batches,
    async close() {
      connection.close();
    },
  };
}

async function snapshotPostgres(address: string): Promise<Snapshot> {
  const limits = { connectMs: commandDatabase.connectMs, statementMs: 0 };
  const { client } = await connectPostgres(parsePostgresAddress(address), limits, { withoutTls: new Set() });
  const ask = async (statement: string): Promise<Record<string, unknown>[]> => {
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows;
    } catch (error) {
      const reason = passingReason(error);
      throw reason === undefined ? error : new DatabaseAway(withoutPassword(address), reason, { cause: error });
    }
  };
  await ask('begin isolation level repeatable read read only');
  await ask('select count(*) from migrations');
  async function* batches(table: string) {
    await ask(`declare snapshot no scroll cursor for select * from ${table}`);
    for (;;) {
      const rows = await ask(`fetch ${rowsPerFetch} from snapshot`);
      if (rows.length === 0) break;
      yield rows;
    }
    await ask('close snapshot');
  }
  return {
    engine: 'postgres',
    rows: (table) => oneByOne(batches(table)),
    batches,
    close: () => client.end(),
  };
}

async function* oneByOne<Row>(batches: AsyncIterable<readonly Row[]>): AsyncGenerator<Row> {
  for await (const batch of batches) yield* batch;
}

const rowsPerFetch = 500;
