// Numbered forward migrations, each in its own transaction with the mark that it was applied.
import { type Kysely, sql } from 'kysely';
import { ServerError } from '../errors.ts';
import type { Database } from './database.ts';
import { type Migration, migrations } from './migrations/index.ts';

/**
 * Brings the database to the newest schema (or that of the given `steps`) and answers the names of what was applied.
 * Throws ServerError SERVER_DATABASE_TOO_NEW when a newer release has already migrated it.
 */
export async function migrate(
  database: Database,
  now: Date,
  steps: readonly Migration[] = migrations,
): Promise<string[]> {
  await database.tables.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('applied_at', 'bigint', (column) => column.notNull())
    .execute();
  const applied: string[] = [];
  for (const step of steps) if (await applyOnce(database, step, steps, now)) applied.push(step.name);
  return applied;
}

async function applyOnce(
  database: Database,
  step: Migration,
  steps: readonly Migration[],
  now: Date,
): Promise<boolean> {
  return database.tables.transaction().execute(async (transaction) => {
    const untyped = transaction as unknown as Kysely<unknown>;
    // Two servers may start on one PostgreSQL at the same moment; the second waits here and finds the work done.
    if (database.engine === 'postgres') await sql`lock table migrations in exclusive mode`.execute(untyped);
    const done = await namesApplied(untyped);
    const unknown = [...done].filter((name) => !steps.some((known) => known.name === name));
    if (unknown.length > 0) {
      throw new ServerError(
        'SERVER_DATABASE_TOO_NEW',
        `The database was made by a newer Moult (it holds ${unknown.join(', ')}). Start that version, or restore a backup.`,
      );
    }
    if (done.has(step.name)) return false;
    await step.up(untyped, database.engine, now.getTime());
    await sql`insert into migrations (name, applied_at) values (${step.name}, ${now.getTime()})`.execute(untyped);
    return true;
  });
}

async function namesApplied(database: Kysely<unknown>): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(database);
  return new Set(rows.map(({ name }) => name));
}
