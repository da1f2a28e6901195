// One kysely over two engines: SQLite on one connection, PostgreSQL on a pool.
import { accessSync, constants } from 'node:fs';
import { Kysely, PostgresDialect } from 'kysely';
import { asDamaged } from './damaged.ts';
import { asDiskTrouble } from './disk-trouble.ts';
import { DatabaseAway, ServerError } from './errors.ts';
import { parsePostgresAddress, shownPostgresAddress } from './postgres/address.ts';
import { ConnectError } from './postgres/connect.ts';
import { type Away, createPostgresPool, currentPoolLimits, type PoolLimits } from './postgres/pool.ts';
import type { Tables } from './schema.ts';
import { openSqlite, withSmallCache, writeIfFree } from './sqlite/open.ts';

export type { PoolLimits } from './postgres/pool.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Database extends AsyncDisposable {
  readonly engine: Engine;
  /** PostgreSQL: while it is away, every statement fails with SERVER_DATABASE_AWAY. */
  readonly tables: Kysely<Tables>;
  /** Runs `read`, which reads much that is not read again soon. */
  readOnce<Result>(read: () => Promise<Result>): Promise<Result>;
  /** Runs `work` in a transaction, once. Fails at once while another process writes the SQLite file. */
  writeIfFree<Result>(work: (transaction: Kysely<Tables>) => Promise<Result>): Promise<Result>;
  /** Why the database does not answer, while it does not. */
  away(): Away | undefined;
  /** Every statement fails with SERVER_DATABASE_AWAY until `connect` has been successful. No effect on SQLite. */
  hold(reason: string): void;
  /** Throws SERVER_DATABASE_AWAY for what passes by itself, SERVER_DATABASE for what does not. */
  connect(): Promise<void>;
  close(): Promise<void>;
  /** Waits for nothing: what is under way on PostgreSQL fails with SERVER_DATABASE_AWAY. */
  abandon(): void;
}

export interface DatabaseOptions {
  limits?: Partial<PoolLimits>;
  /** Told once when PostgreSQL is away, and once when it is back. */
  onAway?: (reason: string) => void;
  onBack?: (awayMs: number) => void;
  onTrouble?: (message: string) => void;
}

/**
 * Opens a database: `postgres://…` (or `postgresql://…`), `sqlite:FILE`, or a file name. `:memory:` for one that
 * vanishes. Throws ServerError SERVER_DATABASE_AWAY if it cannot be reached now, SERVER_DATABASE if it cannot be used,
 * SERVER_BAD_CONFIG for a bad address.
 */
export async function openDatabase(address: string, options: DatabaseOptions = {}): Promise<Database> {
  const database = createDatabase(address, options);
  try {
    await database.connect();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** As openDatabase, before PostgreSQL was asked: `connect` does that. */
export function createDatabase(address: string, options: DatabaseOptions = {}): Database {
  if (isPostgres(address)) return postgresDatabase(address, options);
  const scheme = foreignScheme(address);
  if (scheme !== undefined) {
    const message = `The address in --database begins with ${scheme}. Moult knows postgres://…, sqlite:FILE and file names.`;
    throw new ServerError('SERVER_BAD_CONFIG', message);
  }
  try {
    return sqliteDatabase(sqliteFileOf(address));
  } catch (cause) {
    const damaged = asDamaged(sqliteFileOf(address), cause);
    throw damaged === cause ? cannotOpen(address, cause) : damaged;
  }
}

/** The address as logs and errors show it: without a password, wherever that is. */
export function withoutPassword(address: string): string {
  if (isPostgres(address)) return shownPostgresAddress(address);
  // Mistyped, it may hold a password all the same.
  const scheme = foreignScheme(address);
  return scheme === undefined ? address : `${scheme}…`;
}

/** `mysql://`, `postgre://`, `postgres:`: how an address begins that is neither of PostgreSQL nor a file. */
function foreignScheme(address: string): string | undefined {
  const [, scheme] = /^((?!sqlite:|file:)[a-z][a-z\d+.-]*:\/\/|postgres\w*:)/i.exec(address) ?? [];
  return scheme;
}

export function isPostgres(address: string): boolean {
  return /^postgres(ql)?:\/\//i.test(address);
}

export function sqliteFileOf(address: string): string {
  return address.replace(/^sqlite:(\/\/)?/i, '');
}

/** The error for a connection that was not made. */
export function connectError(address: string, error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const { kind, reason } = error.trouble;
  if (kind !== 'setting') return new DatabaseAway(withoutPassword(address), reason, { cause: error.cause });
  return new ServerError('SERVER_DATABASE', `The database ${withoutPassword(address)} cannot be used: ${reason}.`, {
    cause: error.cause,
  });
}

function sqliteDatabase(file: string): Database {
  const tables = new Kysely<Tables>({ dialect: openSqlite(file) });
  return {
    engine: 'sqlite',
    tables,
    readOnce: (read) => withSmallCache(tables, read),
    writeIfFree: (work) => writeIfFree(tables, work),
    away: () => undefined,
    hold: () => undefined,
    connect: async () => undefined,
    close: () => tables.destroy(),
    [Symbol.asyncDispose]: () => tables.destroy(),
    abandon: () => undefined,
  };
}

function postgresDatabase(address: string, { limits, ...told }: DatabaseOptions): Database {
  const pool = createPostgresPool({
    address: parsePostgresAddress(address),
    shown: withoutPassword(address),
    limits: { ...currentPoolLimits(), ...limits },
    ...told,
  });
  const tables = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = async () => {
    await tables.destroy();
    // kysely ends only a pool that it has used.
    await pool.end();
  };
  return {
    engine: 'postgres',
    tables,
    readOnce: (read) => read(),
    writeIfFree: (work) => tables.transaction().execute(work),
    away: () => pool.away(),
    hold: (reason) => pool.hold(reason),
    connect: () =>
      pool.connectFirst().catch((error) => {
        throw connectError(address, error);
      }),
    close,
    [Symbol.asyncDispose]: close,
    abandon: () => pool.abandon('the server is ending'),
  };
}

function cannotOpen(address: string, cause: unknown): ServerError {
  const full = asDiskTrouble(cause, `The database ${address} cannot be opened`);
  if (full instanceof ServerError) return full;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = mayUse(sqliteFileOf(address))
    ? ''
    : ' This user may not read and write it. Run the command as the user of the server, or with sudo.';
  return new ServerError('SERVER_DATABASE', `The database ${address} cannot be opened: ${reason}.${advice}`, { cause });
}

/**
 * False for a file that is there, and that the system keeps from this user: SQLite says only that it cannot open it.
 */
function mayUse(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM'));
  }
}
