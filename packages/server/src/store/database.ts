// One kysely over two engines. SQLite: WAL, one connection, statements prepared once. PostgreSQL: a pool.
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, PostgresDialect, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import pg from 'pg';
import { ServerError } from '../errors.ts';
import type { Tables } from './schema.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Database {
  readonly engine: Engine;
  readonly tables: Kysely<Tables>;
  close(): Promise<void>;
}

/**
 * Opens a database: `postgres://…` (or `postgresql://…`), `sqlite:FILE`, or a file name; `:memory:` for one that
 * vanishes. Throws ServerError SERVER_DATABASE when it cannot be reached.
 */
export async function openDatabase(address: string): Promise<Database> {
  try {
    return /^postgres(ql)?:\/\//i.test(address) ? await openPostgres(address) : openSqlite(fileOf(address));
  } catch (cause) {
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

function fileOf(address: string): string {
  return address.replace(/^sqlite:(\/\/)?/i, '');
}

function openSqlite(file: string): Database {
  const connection = new DatabaseSync(file, { timeout: 10_000 });
  // NORMAL in WAL mode survives a killed process; FULL also survives a power cut, and an acknowledged report must.
  connection.exec(
    'pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -32000;' +
      'pragma temp_store = memory; pragma mmap_size = 268435456',
  );
  const tables = new Kysely<Tables>({ dialect: new SqliteDialect({ database: new PreparedSqlite(connection) }) });
  return { engine: 'sqlite', tables, close: () => tables.destroy() };
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
  return { engine: 'postgres', tables, close: () => tables.destroy() };
}

const int8 = 20;

/** Our 64-bit columns hold ids, sizes and milliseconds: all exact in a number. */
function parserOf(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  return oid === int8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

const preparedStatements = 500;

/** node:sqlite in the shape that kysely knows, each statement text prepared once. */
class PreparedSqlite implements SqliteDatabase {
  readonly #connection: DatabaseSync;
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  prepare(text: string): SqliteStatement {
    const known = this.#prepared.get(text);
    if (known) return known;
    const statement = this.#wrap(this.#connection.prepare(text));
    if (this.#prepared.size >= preparedStatements) this.#prepared.clear();
    this.#prepared.set(text, statement);
    return statement;
  }

  close(): void {
    this.#prepared.clear();
    this.#connection.close();
  }

  #wrap(statement: StatementSync): SqliteStatement {
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
      run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
      iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
    };
  }
}
