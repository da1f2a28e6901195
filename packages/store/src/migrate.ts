// Numbered forward migrations. Each runs in its own transaction, together with the mark that it was applied. A newer
// release changes the schema while servers of the release before still work on it. So a migration only adds (expand),
// and a later release removes what is not used any more (contract). The name of a contraction names the oldest code
// that can work with it: `0012-contract-0010-…` refuses code that knows nothing newer than 0009.
import { type Kysely, sql } from 'kysely';
import type { Database, Engine } from './database.ts';
import { ServerError } from './errors.ts';
import { type Migration, migrations } from './migrations/index.ts';
import type { Tables } from './schema.ts';
import { serverVersion } from './version.ts';

/**
 * Brings the database to the newest schema (or that of the given `steps`) and answers the applied names.
 * Without anything to apply it only reads. Throws ServerError SERVER_DATABASE_TOO_NEW if a newer release changed it so
 * that this code cannot work on it. Throws SERVER_DATABASE if the role has too few rights.
 */
export async function migrate(
  database: Database,
  now: Date,
  steps: readonly Migration[] = migrations,
): Promise<string[]> {
  return withRights(database, () => applyMissing(database, now, steps));
}

/** Applies steps that are not applied yet, within a transaction of the caller. */
export async function applySteps(
  transaction: Kysely<Tables>,
  engine: Engine,
  steps: readonly Migration[],
  now: Date,
): Promise<void> {
  for (const step of steps) await applyStep(transaction, engine, step, steps, now);
}

/**
 * Commands change no schema: a server that is running may be of another release. Throws SERVER_DATABASE_TOO_OLD for a
 * database that a server of this release has not migrated yet, and as `migrate` does. Answers whether there is
 * anything.
 */
export async function requireSchema(
  database: Database,
  steps: readonly Migration[] = migrations,
): Promise<'ready' | 'empty'> {
  const applied = await withRights(database, () => namesIn(database));
  if (applied === undefined) return 'empty';
  requireServed(applied, steps);
  const missing = steps.filter(({ name }) => !applied.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new ServerError(
      'SERVER_DATABASE_TOO_OLD',
      `The database was made by an older Moult: it lacks ${missing.join(', ')}. Commands do not change its schema. ` +
        `Use the moult of the version that its server has, or start the server of this version ` +
        `(moult serve ${serverVersion}): it brings the database up to date.`,
    );
  }
  return 'ready';
}

/**
 * The names of the migrations that `migrate` applies to a database with tables of Moult. Empty for one without. Throws
 * SERVER_DATABASE_TOO_NEW.
 */
export async function missingSteps(database: Database): Promise<string[]> {
  const there = await withRights(database, () => namesIn(database));
  if (!there) return [];
  requireServed(there, migrations);
  return migrations.filter(({ name }) => !there.has(name)).map(({ name }) => name);
}

/** Whether the database holds no Moult yet. */
export async function isEmpty(database: Database): Promise<boolean> {
  return (await withRights(database, () => namesIn(database))) === undefined;
}

async function applyMissing(database: Database, now: Date, steps: readonly Migration[]): Promise<string[]> {
  const there = await namesIn(database);
  if (there) requireServed(there, steps);
  const applied: string[] = [];
  for (const step of steps) {
    if (there?.has(step.name)) continue;
    // Each in a transaction of its own: a step that fails leaves the ones before it done.
    const done = await database.tables
      .transaction()
      .execute((transaction) => applyStep(transaction, database.engine, step, steps, now));
    if (done) applied.push(step.name);
  }
  return applied;
}

async function applyStep(
  transaction: Kysely<Tables>,
  engine: Engine,
  step: Migration,
  steps: readonly Migration[],
  now: Date,
): Promise<boolean> {
  const untyped = transaction as unknown as Kysely<unknown>;
  if (engine === 'postgres') {
    // Two servers may start on one PostgreSQL at the same moment. The second waits here and finds the work done.
    await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(untyped);
    // A statement that waits for a table holds up all later ones: servers at work wait behind us.
    await sql`set local lock_timeout = '3s'`.execute(untyped);
  }
  await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(untyped);
  const { rows } = await selectNames.execute(untyped);
  const done = new Set(rows.map(({ name }) => name));
  requireServed(done, steps);
  if (done.has(step.name)) return false;
  await step.up(untyped, engine, now.getTime());
  await sql`insert into migrations (name, applied_at) values (${step.name}, ${now.getTime()})`.execute(untyped);
  return true;
}

/** Any number that nothing else on this PostgreSQL is likely to lock by. */
const migrationLock = 7_655_148;

const selectNames = sql<{ name: string }>`select name from migrations`;

/** Undefined where no Moult ever was. */
async function namesIn({ tables }: Database): Promise<Set<string> | undefined> {
  try {
    const { rows } = await selectNames.execute(tables);
    return new Set(rows.map(({ name }) => name));
  } catch (error) {
    if (isMissingTable(error)) return undefined;
    throw error;
  }
}

/** Code of before this one does not write what this one reads. */
const firstServed = '0004';

/** Throws when a migration that we do not know took away what we need. */
function requireServed(applied: ReadonlySet<string>, steps: readonly Migration[]): void {
  const unknown = [...applied].filter((name) => !steps.some((known) => known.name === name));
  const newest = steps.at(-1)?.name.slice(0, 4) ?? '';
  const refusing = unknown.filter((name) => newest < firstServed || newest < servedFrom(name));
  if (refusing.length === 0) return;
  throw new ServerError(
    'SERVER_DATABASE_TOO_NEW',
    `The database was made by a newer Moult (it holds ${refusing.join(', ')}). Start that version, or restore a backup.`,
  );
}

/** The oldest code, as a number of a migration, that can work on the schema after this migration. */
function servedFrom(name: string): string {
  return /^\d{4}-contract-(\d{4})-/.exec(name)?.[1] ?? '';
}

function isMissingTable(error: unknown): boolean {
  return error instanceof Error && (codeOf(error) === '42P01' || /^no such table: migrations/.test(error.message));
}

function isNotAllowed(error: unknown): error is Error {
  return error instanceof Error && codeOf(error) === '42501';
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

/** Says which right is missing, when one is. */
async function withRights<Result>(database: Database, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isNotAllowed(error) ? await notAllowed(database, error) : error;
  }
}

async function notAllowed({ tables }: Database, cause: Error): Promise<ServerError> {
  const asked = sql<{ role: string; schema: string }>`select current_user as role, current_schema() as schema`;
  const { rows } = await asked.execute(tables);
  const { role, schema } = { role: rows[0]?.role ?? 'moult', schema: rows[0]?.schema ?? 'public' };
  const grant = /for schema/.test(cause.message)
    ? `To make tables it needs: GRANT USAGE, CREATE ON SCHEMA "${schema}" TO "${role}". It needs that for the first start and for the first start of a new version`
    : `It must own the tables of Moult to change them; to work with them it needs: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`;
  return new ServerError('SERVER_DATABASE', `The role "${role}" may not do that (${cause.message}). ${grant}.`, {
    cause,
  });
}
