// How many computers need an update, and on how many it failed. Triggers of the database note changes (migrations 0020 and
// 0037). This file adds them up, before a list is read and beside the service.
import { type Kysely, sql } from 'kysely';
import type { StateBounds } from './contract/index.ts';
import type { Database, Engine } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

type UpdateFigures = Pick<StateBounds, 'addUpFigures'>;

export function updateFigureStore(database: Database): UpdateFigures {
  return { addUpFigures: () => addUpFigures(database) };
}

/** Changes of one transaction, which takes about 50 ms. */
const perTransaction = 50_000;

/** Runs `work` in a transaction. */
type InTransaction = (work: (transaction: Kysely<Tables>) => Promise<number>) => Promise<number>;

async function addUpFigures(
  database: Database,
  inTransaction: InTransaction = (work) => transact(database, work),
): Promise<number> {
  const { tables, engine } = database;
  for (let added = 0; ; ) {
    const { rows } = await sql`select 1 from update_figure_changes limit 1`.execute(tables);
    if (rows.length === 0) return added;
    const some = await inTransaction((transaction) => addSome(transaction, engine));
    added += some;
    // Another process adds up the others just now.
    if (some < perTransaction) return added;
  }
}

/**
 * Adds up before a list of updates. If nothing can be written, or another process writes the file, the list shows the
 * last figures. The answer is false then: updates that were imported since have no row yet. The statements of the list
 * itself tell all other troubles.
 */
export async function addUpBeforeList(database: Database): Promise<boolean> {
  try {
    await addUpFigures(database, (work) => database.writeIfFree(work));
    return true;
  } catch {
    return false;
  }
}

const summed = sql`
  insert into update_figures (update_id, needed, failed)
    select update_id, sum(needed), sum(failed) from`;
/** Changes by 0 are of new titles, which get their row. */
const onConflict = sql`group by update_id order by update_id
  on conflict (update_id) do update set needed = update_figures.needed + excluded.needed,
    failed = update_figures.failed + excluded.failed
  where excluded.needed <> 0 or excluded.failed <> 0`;

/** Every change is in the figures or in the changes, and never in both. */
async function addSome(transaction: Kysely<Tables>, engine: Engine): Promise<number> {
  if (engine === 'postgres') {
    // In one statement, so that a change that is committed meanwhile stays for the next time. Another process has the locked
    // rows.
    const { rows } = await sql<{ taken: number }>`
      with taken as (delete from update_figure_changes where change_id in (
        select change_id from update_figure_changes order by change_id limit ${sql.lit(perTransaction)}
        for update skip locked) returning update_id, needed, failed),
      added as (${summed} taken ${onConflict})
      select count(*) as taken from taken`.execute(transaction);
    return Number(rows[0]?.taken ?? 0);
  }
  const { rows } = await sql<{ last: number | null }>`select max(change_id) as last from (
    select change_id from update_figure_changes order by change_id limit ${sql.lit(perTransaction)})`.execute(
    transaction,
  );
  const last = rows[0]?.last ?? 0;
  await sql`${summed} update_figure_changes where change_id <= ${last} ${onConflict}`.execute(transaction);
  const { numAffectedRows = 0n } = await sql`delete from update_figure_changes where change_id <= ${last}`.execute(
    transaction,
  );
  return Number(numAffectedRows);
}

/** Counts all figures again. The caller keeps writers away. Answers how many updates had wrong ones. */
export async function recountUpdates(transaction: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (${countedAnew}) as counted
    full join (
      select update_id, sum(needed) as needed, sum(failed) as failed from (
        select update_id, needed, failed from update_figures
        union all select update_id, needed, failed from update_figure_changes) as both_parts
      group by update_id) as kept on kept.update_id = counted.update_id
    where coalesce(kept.needed, 0) <> coalesce(counted.needed, 0)
      or coalesce(kept.failed, 0) <> coalesce(counted.failed, 0)
      or (kept.update_id is null and counted.update_id is not null)`.execute(transaction);
  const wrong = Number(rows[0]?.count ?? 0);
  if (wrong === 0) return 0;
  await sql`delete from update_figure_changes`.execute(transaction);
  await sql`delete from update_figures`.execute(transaction);
  await sql`insert into update_figures (update_id, needed, failed) ${countedAnew}`.execute(transaction);
  return wrong;
}

const countedAnew = sql`
  select update_id, sum(needed) as needed, sum(failed) as failed from (
    select update_id, 0 as needed, 0 as failed from update_titles
    union all select update_id, sum(case when state in (2, 3, 6) then 1 else 0 end),
      sum(case when state = 5 then 1 else 0 end) from computer_update_status
      where state in (2, 3, 5, 6) group by update_id) as found
  group by update_id`;
