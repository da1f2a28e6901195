// A stamp is a time that decides which changes a client is told. A client carries the newest stamp that it was told,
// and is told later changes only. All stamps come from one clock: that of PostgreSQL, or with SQLite that of the
// machine. They rise with each change. The row of the newest stamp stays locked until the change is committed. So
// stamps become visible in the order in which they were given. The same lock puts revision ids in the order of their
// commits: a live catalog looks only for ids above the last that it saw.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Engine } from './database.ts';
import type { Tables } from './schema.ts';

/** No right clock has ever stamped anything of Moult's earlier than this. Milliseconds since 1970. */
export const earliestStamp = Date.UTC(2026, 0, 1);

const newestStamp = 'newest-stamp';

/**
 * Waits for its turn and answers the stamp of this change, in milliseconds since 1970. To be called before anything
 * else in the transaction. `now` is this machine's clock, and counts on SQLite only.
 */
export async function takeStamp(transaction: Kysely<Tables>, engine: Engine, now: number): Promise<number> {
  const time = engine === 'sqlite' ? sql<number>`${now}` : databaseTime;
  const known = await sql<{ value: number }>`
    update counters set value = ${later(engine, sql`counters.value + 1`, time)}
    where name = ${newestStamp} returning value`.execute(transaction);
  if (known.rows[0]) return Number(known.rows[0].value);
  // The first in this database: above all that was given before there were stamps.
  const { rows } = await sql<{ value: number }>`
    insert into counters (name, value) select ${newestStamp}, ${later(engine, time, await newestKnown(transaction))}
    where true on conflict (name)
    do update set value = ${later(engine, sql`counters.value + 1`, sql`excluded.value`)} returning value`.execute(
    transaction,
  );
  return Number(rows[0]?.value ?? now);
}

/** The database's time in milliseconds. PostgreSQL only. */
export const databaseTime: RawBuilder<number> = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`;

function later(engine: Engine, one: RawBuilder<unknown>, other: RawBuilder<unknown>): RawBuilder<unknown> {
  return engine === 'sqlite' ? sql`max(${one}, ${other})` : sql`greatest(${one}, ${other})`;
}

/** One above the newest time that any client may have been told of. */
async function newestKnown(transaction: Kysely<Tables>): Promise<RawBuilder<number>> {
  const { rows } = await sql<{ newest: number | null }>`
    select max(newest) as newest from (
      select max(imported_at) as newest from revision_summaries
      union all select max(changed_at) from deployments) as known`.execute(transaction);
  return sql`cast(${Number(rows[0]?.newest ?? 0) + 1} as bigint)`;
}

export interface DatabaseClock {
  /** The time of the database, as far as it is known without asking. */
  now(): Date;
  /** Takes note of what the database says, in milliseconds. */
  note(databaseNow: number): void;
}

/** Follows the database's clock by that of this machine, and by how far the two were apart when last compared. */
export function createDatabaseClock(now: () => Date): DatabaseClock {
  let apart = 0;
  return {
    now: () => new Date(now().getTime() + apart),
    note(databaseNow) {
      apart = databaseNow - now().getTime();
    },
  };
}
