// kysely's SQLite with one connection that is handed on before the disk has answered: others work while a writer waits.
import type { DatabaseSync } from 'node:sqlite';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { withDiskTrouble } from '../../disk-trouble.ts';
import { SqliteConnection } from './statements.ts';

const notDurable = 'What was written to the database is not known to be on its disk';

export interface DurableSqliteParts {
  connection: DatabaseSync;
  /** Awaited after each statement or transaction that wrote, when its connection is free for the next already. */
  durable(): Promise<void>;
  /** Called when nobody writes, before the connection is handed out. Never throws. */
  recover?(): void;
  /** Called before each statement that writes; throws while nothing may be written. */
  admit?(): void;
  close(): Promise<void>;
}

export function durableSqliteDialect(parts: DurableSqliteParts): Dialect {
  return {
    createDriver: () => new DurableSqliteDriver(parts),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new QueueingAdapter(),
    createIntrospector: (database: Kysely<unknown>) => new SqliteIntrospector(database),
  };
}

/** The driver keeps its own queue: kysely's would hold it until the disk has answered. */
class QueueingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class DurableSqliteDriver implements Driver {
  readonly #parts: DurableSqliteParts;
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(parts: DurableSqliteParts) {
    this.#parts = parts;
    this.#connection = new SqliteConnection(parts.connection, () => parts.admit?.());
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    this.#connection.hasWritten = false;
    this.#parts.recover?.();
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    const { hasWritten } = this.#connection;
    const next = this.#waiting.shift();
    // The place is handed over, not given back and taken again.
    if (next) next();
    else this.#isTaken = false;
    if (hasWritten) await withDiskTrouble(notDurable, () => this.#parts.durable());
  }

  /** At once for writing: one that begins by reading could not wait for the writer of another process. */
  async beginTransaction(): Promise<void> {
    this.#connection.begin();
  }

  async commitTransaction(): Promise<void> {
    this.#connection.commit();
  }

  async rollbackTransaction(): Promise<void> {
    this.#connection.rollback();
  }

  async destroy(): Promise<void> {
    this.#connection.forget();
    await this.#parts.close();
  }
}
