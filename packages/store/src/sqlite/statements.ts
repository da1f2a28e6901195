// node:sqlite as a kysely connection. Each statement text is prepared once.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import { databaseBounds } from '../declared-bounds.ts';
import { asDiskTrouble } from '../disk-trouble.ts';

interface Prepared {
  statement: StatementSync;
  /** Names of the columns it answers. None when it answers no rows. */
  columns: readonly string[];
  writes: boolean;
}

export class SqliteConnection implements DatabaseConnection {
  /** Whether anything was written since this was last set to false. */
  hasWritten = false;
  readonly #connection: DatabaseSync;
  readonly #admit: () => void;
  readonly #prepared = new Map<string, Prepared>();
  #isInTransaction = false;
  /** Why SQLite ended the transaction that its user believes to be in. */
  #endedBy: unknown;

  /** `admit` is asked before each statement that writes, and throws to refuse it. */
  constructor(connection: DatabaseSync, admit: () => void) {
    this.#connection = connection;
    this.#admit = admit;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { statement, columns, writes } = this.#prepare(sql);
    return this.#attempt(() => {
      if (writes) {
        this.#admit();
        this.hasWritten = true;
      }
      if (columns.length > 0) {
        const rows = statement.all(...(parameters as SQLInputValue[])) as unknown as unknown[][];
        return { rows: rows.map((values) => toRow(columns, values) as Row) };
      }
      const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
      return { insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes), rows: [] };
    });
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    const { statement, columns } = this.#prepare(sql);
    const rows = statement.iterate(...(parameters as SQLInputValue[]));
    try {
      for (;;) {
        const { done, value } = this.#attempt(() => rows.next());
        if (done) return;
        yield { rows: [toRow(columns, value as unknown as unknown[]) as Row] };
      }
    } finally {
      rows.return?.();
    }
  }

  begin(): void {
    this.#attempt(() => this.#prepare('begin immediate').statement.run());
    this.#isInTransaction = true;
  }

  commit(): void {
    this.#attempt(() => this.#prepare('commit').statement.run());
    this.#isInTransaction = false;
  }

  /** SQLite has rolled back by itself when the disk was full in the middle: there is nothing left to undo then. */
  rollback(): void {
    this.#isInTransaction = false;
    this.#endedBy = undefined;
    if (this.#connection.isTransaction) this.#attempt(() => this.#prepare('rollback').statement.run());
  }

  forget(): void {
    this.#prepared.clear();
  }

  #attempt<Result>(work: () => Result): Result {
    // Without its transaction a statement is one of its own, and stays.
    if (this.#endedBy) throw this.#endedBy;
    try {
      return work();
    } catch (error) {
      const told = asDiskTrouble(error, 'The database cannot be written');
      if (this.#isInTransaction && !this.#connection.isTransaction) this.#endedBy = told;
      throw told;
    }
  }

  #prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known) return known;
    const statement = this.#connection.prepare(text);
    // node:sqlite makes an object without a shape for each row. That costs twice as much as a list and our own object.
    statement.setReturnArrays(true);
    const prepared = {
      statement,
      columns: statement.columns().map(({ name }) => name),
      writes: !/^\s*(?:select|explain|pragma|begin|rollback)\b/i.test(text),
    };
    if (this.#prepared.size >= databaseBounds.preparedStatements) this.#prepared.clear();
    this.#prepared.set(text, prepared);
    return prepared;
  }
}

function toRow(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at++) row[columns[at] as string] = values[at];
  return row;
}
