// One kysely over two engines: SQLite on one connection, PostgreSQL on a pool.
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { asDiskTrouble } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import type { Tables } from './schema.ts';
import { openSqlite, withSmallCache } from './sqlite/open.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Database {
  readonly engine: Engine;
  readonly tables: Kysely<Tables>;
  /** Runs `read`, which reads much that nobody will read again soon. */
  readOnce(read: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a database: `postgres://…` (or `postgresql://…`), `sqlite:FILE`, or a file name; `:memory:` for one that
 * vanishes. Throws ServerError SERVER_DATABASE when it cannot be reached.
 */
export async function openDatabase(address: string): Promise<Database> {
  try {
    return isPostgres(address) ? await openPostgres(address) : sqliteDatabase(sqliteFileOf(address));
  } catch (cause) {
    const full = asDiskTrouble(cause, `The database ${withoutPassword(address)} cannot be opened`);
    if (full instanceof ServerError) throw full;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('SERVER_DATABASE', `The database ${withoutPassword(address)} cannot be opened: ${reason}`, {
      cause,
    });
  }
}

/** The address with its password blotted out: for logs and error texts. */
export function withoutPassword(address: string): string {
  return address.replace(/^([a-z]+:\/\/[^:@/]*):[^@/]*@/i, '$1:***@');
}

export function isPostgres(address: string): boolean {
  return /^postgres(ql)?:\/\//i.test(address);
}

export function sqliteFileOf(address: string): string {
  return address.replace(/^sqlite:(\/\/)?/i, '');
}

function sqliteDatabase(file: string): Database {
  const tables = new Kysely<Tables>({ dialect: openSqlite(file) });
  return {
    engine: 'sqlite',
    tables,
    readOnce: (read) => withSmallCache(tables, read),
    close: () => tables.destroy(),
  };
}

async function openPostgres(address: string): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: address,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // A broken idle connection is replaced by the pool; without a listener it would end the process.
    types: { getTypeParser: parserOf },
  });
  pool.on('error', () => undefined);
  const client = await pool.connect();
  client.release();
  const tables = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return { engine: 'postgres', tables, readOnce: (read) => read(), close: () => tables.destroy() };
}

const int8 = 20;

/** Our 64-bit columns hold ids, sizes and milliseconds: all exact in a number. */
export function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}
