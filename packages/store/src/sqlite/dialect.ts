// kysely's SQLite with one connection. The next user gets the connection before the disk has answered, so others work
// while a writer waits.
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
import { withDiskTrouble } from '../disk-trouble.ts';
import { SqliteConnection } from './statements.ts';

const notDurable = 'What was written to the database is not known to be on its disk';

export interface DurableSqliteParts {
  connection: DatabaseSync;
  /** Awaited after each statement or transaction that wrote, when its connection is free for the next already. */
  durable(): Promise<void>;
  /** Called while nothing is written, before the connection is handed out. Never throws. */
  recover?(): void;
  /** Called before each statement that writes. Throws while nothing may be written. */
  admit?(): void;
  close(): Promise<void>;
}

/** With a function, the parts are opened by the first use. One that fails is tried again by the next. */
export function durableSqliteDialect(parts: DurableSqliteParts | (() => DurableSqliteParts)): Dialect {
  return {
    createDriver: () => new DurableSqliteDriver(parts),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new QueueingAdapter(),
    createIntrospector: (database: Kysely<unknown>) => new SqliteIntrospector(database),
  };
}

/** The driver keeps its own queue: kysely's own holds it until the disk has answered. */
class QueueingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

class DurableSqliteDriver implements Driver {
  readonly #given: DurableSqliteParts | (() => DurableSqliteParts);
  #opened: { parts: DurableSqliteParts; connection: SqliteConnection } | undefined;
  readonly #waiting: (() => void)[] = [];
  #isTaken = false;

  constructor(given: DurableSqliteParts | (() => DurableSqliteParts)) {
    this.#given = given;
    if (typeof given !== 'function') this.#open(given);
  }

  async init(): Promise<void> {
    if (!this.#opened && typeof this.#given === 'function') this.#open(this.#given());
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isTaken = true;
    const { parts, connection } = this.#use();
    connection.hasWritten = false;
    parts.recover?.();
    return connection;
  }

  async releaseConnection(): Promise<void> {
    const { parts, connection } = this.#use();
    const { hasWritten } = connection;
    const next = this.#waiting.shift();
    // The place is handed over, not given back and taken again.
    if (next) next();
    else this.#isTaken = false;
    if (hasWritten) await withDiskTrouble(notDurable, () => parts.durable());
  }

  /** At once for writing: one that begins by reading could not wait for the writer of another process. */
  async beginTransaction(): Promise<void> {
    this.#use().connection.begin();
  }

  async commitTransaction(): Promise<void> {
    this.#use().connection.commit();
  }

  async rollbackTransaction(): Promise<void> {
    this.#use().connection.rollback();
  }

  async destroy(): Promise<void> {
    this.#opened?.connection.forget();
    await this.#opened?.parts.close();
  }

  #open(parts: DurableSqliteParts): void {
    this.#opened = { parts, connection: new SqliteConnection(parts.connection, () => parts.admit?.()) };
  }

  #use(): { parts: DurableSqliteParts; connection: SqliteConnection } {
    if (!this.#opened) throw new Error('The database is not open.');
    return this.#opened;
  }
}
