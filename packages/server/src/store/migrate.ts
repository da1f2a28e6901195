// Numbered forward migrations, each in its own transaction with the mark that it was applied.
import { type Kysely, sql } from 'kysely';
import { ServerError } from '../errors.ts';
import type { Database, Engine } from './database.ts';
import { type Migration, migrations } from './migrations/index.ts';
import type { Tables } from './schema.ts';

/**
 * Brings the database to the newest schema (or that of the given `steps`) and answers the names of what was applied.
 * Throws ServerError SERVER_DATABASE_TOO_NEW when a newer release has already migrated it.
 */
export async function migrate(
  database: Database,
  now: Date,
  steps: readonly Migration[] = migrations,
): Promise<string[]> {
  const applied: string[] = [];
  for (const step of steps) {
    // Each in a transaction of its own: a step that fails leaves the ones before it done.
    const done = await database.tables
      .transaction()
      .execute((transaction) => applyStep(transaction, database.engine, step, steps, now));
    if (done) applied.push(step.name);
  }
  return applied;
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

async function applyStep(
  transaction: Kysely<Tables>,
  engine: Engine,
  step: Migration,
  steps: readonly Migration[],
  now: Date,
): Promise<boolean> {
  const untyped = transaction as unknown as Kysely<unknown>;
  // Two servers may start on one PostgreSQL at the same moment; the second waits here and finds the work done.
  if (engine === 'postgres') await sql`select pg_advisory_xact_lock(${migrationLock})`.execute(untyped);
  await sql`create table if not exists migrations (name text primary key, applied_at bigint not null)`.execute(untyped);
  const done = await namesApplied(untyped);
  const unknown = [...done].filter((name) => !steps.some((known) => known.name === name));
  if (unknown.length > 0) {
    throw new ServerError(
      'SERVER_DATABASE_TOO_NEW',
      `The database was made by a newer Moult (it holds ${unknown.join(', ')}). Start that version, or restore a backup.`,
    );
  }
  if (done.has(step.name)) return false;
  await step.up(untyped, engine, now.getTime());
  await sql`insert into migrations (name, applied_at) values (${step.name}, ${now.getTime()})`.execute(untyped);
  return true;
}

/** Any number that nothing else on this PostgreSQL is likely to lock by. */
const migrationLock = 7_655_148;

async function namesApplied(database: Kysely<unknown>): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(database);
  return new Set(rows.map(({ name }) => name));
}
