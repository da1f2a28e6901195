// What the code of a release says to its database, statement by statement, and what it was answered: kept as text, so that
// later releases can be held to go on answering it. One JSON line each.
import { readFileSync } from 'node:fs';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  PostgresDialect,
  type QueryResult,
} from 'kysely';
import pg from 'pg';
import { decodeRow, encodeRow } from '../src/backup/format.ts';
import { type Database, type Engine, isPostgres } from '../src/database.ts';
import { parserOf } from '../src/postgres/connect.ts';
import type { Tables } from '../src/schema.ts';
import { openSqlite } from '../src/sqlite/open.ts';

export interface RecordedStatement {
  sql: string;
  parameters: unknown[];
  rows: Record<string, unknown>[];
}

/** `begin`, `commit` and `rollback` are statements too. A `mark` tells parts of the recording apart. */
export type RecordedLine = RecordedStatement | { mark: string };

export interface Recording {
  database: Database;
  lines: RecordedLine[];
  mark(name: string): void;
}

/** A database on which every statement is written down. Its migrations must be applied already. */
export function recordingDatabase(address: string): Recording {
  const lines: RecordedLine[] = [];
  const engine: Engine = isPostgres(address) ? 'postgres' : 'sqlite';
  const dialect = plainDialect(address);
  const tables = new Kysely<Tables>({
    dialect: { ...bound(dialect), createDriver: () => recordingDriver(dialect.createDriver(), engine, lines) },
  });
  const database: Database = {
    ...{ engine, tables, readOnce: (read) => read(), away: () => undefined, hold: () => undefined },
    writeIfFree: (work) => tables.transaction().execute(work),
    ...{ connect: async () => undefined, close: () => tables.destroy(), abandon: () => undefined },
    [Symbol.asyncDispose]: () => tables.destroy(),
  };
  return { database, lines, mark: (mark) => lines.push({ mark }) };
}

/** Says recorded statements again, one after the other, and answers where the answers differ. */
export async function replayStatements(address: string, lines: readonly RecordedLine[]): Promise<string[]> {
  const driver = plainDialect(address).createDriver();
  await driver.init();
  const connection = await driver.acquireConnection();
  const differences: string[] = [];
  for (const line of lines) {
    if ('mark' in line) continue;
    const query = { sql: line.sql, parameters: line.parameters } as unknown as CompiledQuery;
    try {
      const { rows } = (await connection.executeQuery(query)) as QueryResult<Record<string, unknown>>;
      const difference = rows && differenceOf(line, rows);
      if (difference) differences.push(`${line.sql}\n  ${difference}`);
    } catch (error) {
      differences.push(`${line.sql}\n  ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await driver.releaseConnection(connection);
  await driver.destroy();
  return differences;
}

export function writeStatements(lines: readonly RecordedLine[]): string {
  return lines
    .map((line) => {
      if ('mark' in line) return `${JSON.stringify(line)}\n`;
      const rows = line.rows.map((row) => JSON.parse(encodeRow(row)));
      const parameters = JSON.parse(encodeRow({ ...line.parameters }));
      return `${JSON.stringify({ sql: line.sql, parameters: Object.values(parameters), rows })}\n`;
    })
    .join('');
}

export function readStatements(file: string): RecordedLine[] {
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((text) => {
      const line = JSON.parse(text) as RecordedLine;
      if ('mark' in line) return line;
      return {
        sql: line.sql,
        parameters: Object.values(decodeRow(JSON.stringify({ ...line.parameters }))),
        rows: line.rows.map((row) => decodeRow(JSON.stringify(row))),
      };
    });
}

/** New columns are no difference: who said `select *` did not ask for them. */
function differenceOf({ sql, rows: expected }: RecordedStatement, rows: Record<string, unknown>[]): string | undefined {
  // kysely answers these with their own name.
  if (/^(commit|rollback)$/.test(sql)) return undefined;
  if (rows.length !== expected.length) return `${rows.length} rows, once ${expected.length}`;
  // What time it is, and what hangs on it, is another answer each time.
  const isTimed = /clock_timestamp|newest-stamp/.test(sql) || expected.some((row) => row.name === 'newest-stamp');
  // Without an order of its own a statement may be answered in any.
  const inOrder = /order by/i.test(sql) ? rows : alike(expected, rows);
  for (const [index, row] of expected.entries()) {
    const present = inOrder[index] ?? {};
    for (const [column, value] of Object.entries(row)) {
      if (!(column in present)) return `no column ${column}`;
      const [now, once] = [encodeRow({ [column]: present[column] }), encodeRow({ [column]: value })];
      if (!isTimed && now !== once) return `${now.slice(0, 200)} was once ${once.slice(0, 200)}`;
    }
  }
  return undefined;
}

/** The rows in the order of those that were expected, as far as there are such. */
function alike(expected: readonly Record<string, unknown>[], rows: readonly Record<string, unknown>[]) {
  const left = [...rows];
  return expected.map((row) => {
    const same = left.findIndex((other) =>
      Object.entries(row).every(
        ([column, value]) => encodeRow({ [column]: other[column] }) === encodeRow({ [column]: value }),
      ),
    );
    return left.splice(Math.max(0, same), 1)[0];
  });
}

/** As the store opens them, with a single connection, so that the order is one. */
function plainDialect(address: string): Dialect {
  if (!isPostgres(address)) return openSqlite(address);
  const pool = new pg.Pool({ connectionString: address, max: 1, types: { getTypeParser: parserOf(pg.types) } });
  // Its last connection may end after the database has.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}

function bound(dialect: Dialect): Omit<Dialect, 'createDriver'> {
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (database) => dialect.createIntrospector(database),
  };
}

function recordingDriver(driver: Driver, engine: Engine, lines: RecordedLine[]): Driver {
  const inner = new WeakMap<DatabaseConnection, DatabaseConnection>();
  const of = (connection: DatabaseConnection) => inner.get(connection) ?? connection;
  const note = (sql: string) => lines.push({ sql, parameters: [], rows: [] });
  return {
    init: () => driver.init(),
    async acquireConnection() {
      const connection = await driver.acquireConnection();
      const recording: DatabaseConnection = {
        async executeQuery<Row>(query: CompiledQuery) {
          const result = await connection.executeQuery<Row>(query);
          const rows = structuredClone(result.rows) as Record<string, unknown>[];
          lines.push({ sql: query.sql, parameters: [...query.parameters], rows });
          return result;
        },
        streamQuery: () => {
          throw new Error('A streamed query is not recorded.');
        },
      };
      inner.set(recording, connection);
      return recording;
    },
    async beginTransaction(connection, settings) {
      await driver.beginTransaction(of(connection), settings);
      note(engine === 'sqlite' ? 'begin immediate' : 'begin');
    },
    async commitTransaction(connection) {
      await driver.commitTransaction(of(connection));
      note('commit');
    },
    async rollbackTransaction(connection) {
      await driver.rollbackTransaction(of(connection));
      note('rollback');
    },
    releaseConnection: (connection) => driver.releaseConnection(of(connection)),
    destroy: () => driver.destroy(),
  };
}
