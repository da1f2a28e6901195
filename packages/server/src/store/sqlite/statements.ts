// node:sqlite as a kysely connection, each statement text prepared once.
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';

const preparedStatements = 500;

interface Prepared {
  statement: StatementSync;
  answersRows: boolean;
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
    const { statement, answersRows, writes } = this.#prepare(sql);
    if (writes) this.hasWritten = true;
    if (answersRows) return { rows: statement.all(...(parameters as SQLInputValue[])) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
    return { insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes), rows: [] };
  }

  async *streamQuery<Row>({ sql, parameters }: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    for (const row of this.#prepare(sql).statement.iterate(...(parameters as SQLInputValue[]))) {
      yield { rows: [row as Row] };
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
    const prepared = {
      statement,
      answersRows: statement.columns().length > 0,
      writes: !/^\s*(?:select|explain|begin|rollback)\b/i.test(text),
    };
    if (this.#prepared.size >= preparedStatements) this.#prepared.clear();
    this.#prepared.set(text, prepared);
    return prepared;
  }
}
