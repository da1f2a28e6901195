// The figures that triggers keep for each computer (migration 0008): one narrow row in place of all states and events.
import { type Kysely, sql } from 'kysely';
import type { StateBounds } from './contract/index.ts';
import type { Database, Engine } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';
import { recountUpdates } from './update-figures.ts';

interface Figures {
  /** Computers. */
  known: number;
  /** Computers that have reported. */
  reported: number;
  /** Computers that need an update, have one downloaded, or wait for a restart. */
  needing: number;
  /** Computers where an update failed. */
  failing: number;
  /** Report events. */
  events: number;
  /** Computers without a contact since the day that was given. */
  silent: number;
}

/** Of the time, in days since 1970 in UTC: figures keep no finer one. */
export function dayOf(at: Date): number {
  return Math.floor(at.getTime() / 86_400_000);
}

/** `silentSince`: a computer whose last contact was before the day of this is silent. */
export async function loadFigures(tables: Kysely<Tables>, silentSince = new Date(0)): Promise<Figures> {
  const { rows } = await sql<Figures>`
    select sum(known) as known, sum(reported) as reported, sum(events) as events,
      sum(case when known = 1 and contact_day < ${dayOf(silentSince)} then 1 else 0 end) as silent,
      sum(case when needed > 0 then 1 else 0 end) as needing, sum(case when failed > 0 then 1 else 0 end) as failing
    from computer_figures`.execute(tables);
  const { known, reported, needing, failing, events, silent } = rows[0] ?? {};
  return {
    ...{ known: Number(known ?? 0), reported: Number(reported ?? 0), events: Number(events ?? 0) },
    ...{ needing: Number(needing ?? 0), failing: Number(failing ?? 0), silent: Number(silent ?? 0) },
  };
}

export function figureStore(database: Database): Pick<StateBounds, 'recountFigures'> {
  return {
    async recountFigures(): Promise<number> {
      return transact(database, (transaction) => recount(transaction, database.engine));
    },
  };
}

async function recount(transaction: Kysely<Tables>, engine: Engine): Promise<number> {
  const counted = [sql.ref('computers'), sql.ref('computer_update_status'), sql.ref('reporting_events')];
  if (engine === 'postgres') await sql`lock table ${sql.join(counted)} in share mode`.execute(transaction);
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (${countedAnew}) as counted
    full join computer_figures as kept on kept.computer_id = counted.computer_id
    where coalesce(kept.known, 0) <> coalesce(counted.known, 0)
      or coalesce(kept.reported, 0) <> coalesce(counted.reported, 0)
      or coalesce(kept.needed, 0) <> coalesce(counted.needed, 0)
      or coalesce(kept.failed, 0) <> coalesce(counted.failed, 0)
      or coalesce(kept.events, 0) <> coalesce(counted.events, 0)
      or (counted.known = 1 and coalesce(kept.contact_day, -1) <> counted.contact_day)`.execute(transaction);
  const wrong = Number(rows[0]?.count ?? 0);
  const wrongUpdates = await recountUpdates(transaction);
  if (wrong === 0) return wrongUpdates;
  await sql`delete from computer_figures`.execute(transaction);
  await sql`insert into computer_figures (computer_id, known, reported, needed, failed, events, contact_day)
    ${countedAnew}`.execute(transaction);
  return wrong + wrongUpdates;
}

/** The right figures of each computer. */
const countedAnew = sql`
  select computer_id, sum(known) as known, sum(reported) as reported, sum(needed) as needed, sum(failed) as failed,
    sum(events) as events, max(contact_day) as contact_day from (
    select computer_id, 1 as known, case when last_report is null then 0 else 1 end as reported, 0 as needed,
      0 as failed, 0 as events, last_contact / 86400000 as contact_day from computers
    union all select computer_id, 0, 0, sum(case when state in (2, 3, 6) then 1 else 0 end),
      sum(case when state = 5 then 1 else 0 end), 0, null from computer_update_status
      where state in (2, 3, 5, 6) group by computer_id
    union all select computer_id, 0, 0, 0, 0, count(*), null from reporting_events group by computer_id) as found
  group by computer_id`;
