// A whole check of a database for the command: all pages, indexes and references. It only reads.

import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { asDamaged } from './damaged.ts';
import { type Engine, isPostgres, openDatabase, sqliteFileOf } from './database.ts';
import { keptBounds } from './declared-bounds.ts';
import { ServerError } from './errors.ts';
import { headerProblem } from './sqlite/header-check.ts';
import { backedUpTables } from './tables.ts';

export { checkInBackground } from './sqlite/background-check.ts';

export interface DatabaseCheck {
  engine: Engine;
  /** Sentences. Empty when everything is in order. */
  problems: string[];
  /** Rows by table, of those that could be read. */
  rows: Record<string, number>;
}

/**
 * SQLite: its integrity check and foreign keys. PostgreSQL: every row of every table is read, so that damaged pages
 * show. Throws SERVER_DATABASE… when the database cannot be opened at all.
 */
export async function checkDatabase(address: string): Promise<DatabaseCheck> {
  return isPostgres(address) ? checkPostgres(address) : checkSqlite(sqliteFileOf(address));
}

function checkSqlite(file: string): DatabaseCheck {
  const cut = headerProblem(file);
  if (cut !== undefined) return { engine: 'sqlite', problems: [`${file}: ${cut}.`], rows: {} };
  const check: DatabaseCheck = { engine: 'sqlite', problems: [], rows: {} };
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    const found = connection.prepare(`pragma integrity_check(${keptBounds.maxProblems})`).all();
    check.problems.push(...found.map((row) => String(row.integrity_check)).filter((text) => text !== 'ok'));
    for (const row of connection.prepare('pragma foreign_key_check').iterate()) {
      if (check.problems.length >= keptBounds.maxProblems) break;
      check.problems.push(
        `A row of ${row.table} refers to one of ${row.parent} that is not there (rowid ${row.rowid}).`,
      );
    }
    for (const table of backedUpTables) check.rows[table] = countRows(connection, table);
  } catch (error) {
    const damaged = asDamaged(file, error);
    if (!(damaged instanceof ServerError)) throw error;
    check.problems.push(damaged.message);
  } finally {
    connection.close();
  }
  return check;
}

function countRows(connection: DatabaseSync, table: string): number {
  const row = connection.prepare(`select count(*) as rows from ${table}`).get();
  return Number(row?.rows);
}

async function checkPostgres(address: string): Promise<DatabaseCheck> {
  const check: DatabaseCheck = { engine: 'postgres', problems: [], rows: {} };
  const database = await openDatabase(address, { limits: { most: 1, statementMs: 0 } });
  try {
    for (const table of backedUpTables) {
      try {
        const read = sql<{ rows: number }>`select count(*) as rows, sum(length(t::text)) from ${sql.table(table)} as t`;
        const { rows } = await read.execute(database.tables);
        check.rows[table] = Number(rows[0]?.rows);
      } catch (error) {
        if (error instanceof ServerError) throw error;
        check.problems.push(`${table} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    await database.close();
  }
  return check;
}
