// node:sqlite as a kysely connection, each statement text prepared once.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';

const preparedStatements = 500;

interface Prepared {
  statement: StatementSync;
  /** Names of the columns it answers; none when it answers no rows. */
  columns: readonly string[];
  writes: boolean;
}

export class SqliteConnection implements DatabaseConnection {
  /** Whether anything was written since this was last set to false. */
  hasWritten = false;
  readonly #connection: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { statement, columns, writes } = this.#prepare(sql);
    if (writes) this.hasWritten = true;
    if (columns.length > 0) {
      const rows = statement.all(...(parameters as SQLInputValue[])) as unknown as unknown[][];
      return { rows: rows.map((values) => toRow(columns, values) as Row) };
    }
    const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
    return { insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes), rows: [] };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    const { statement, columns } = this.#prepare(sql);
    for (const values of statement.iterate(...(parameters as SQLInputValue[]))) {
      yield { rows: [toRow(columns, values as unknown as unknown[]) as Row] };
    }
  }

  /** Transaction commands and the like. */
  run(command: string): void {
    this.#prepare(command).statement.run();
  }

  forget(): void {
    this.#prepared.clear();
  }

  #prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known) return known;
    const statement = this.#connection.prepare(text);
    // node:sqlite makes an object without a shape for each row, which costs twice what a list and our own object do.
    statement.setReturnArrays(true);
    const prepared = {
      statement,
      columns: statement.columns().map(({ name }) => name),
      writes: !/^\s*(?:select|explain|pragma|begin|rollback)\b/i.test(text),
    };
    if (this.#prepared.size >= preparedStatements) this.#prepared.clear();
    this.#prepared.set(text, prepared);
    return prepared;
  }
}

function toRow(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let at = 0; at < columns.length; at++) row[columns[at] as string] = values[at];
  return row;
}
