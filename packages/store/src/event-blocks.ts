// Finds report events about one update on SQLite. An index by update touches a page of its own for each event of a
// batch. That costs more than the event itself. So the store takes events in as they come. Later it notes, for each
// block of event ids, which updates the block is about. A search reads only such blocks. PostgreSQL has the index.
import { type Kysely, sql } from 'kysely';
import type { ReportedEvents } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

/** Event ids of a block: 2 to this. */
const blockBits = 12;
/** The mark of a block that was looked at, whatever it is about. */
const lookedAt = '';

export function eventBlockStore(database: Database): Pick<ReportedEvents, 'noteEventBlock'> {
  const { engine } = database;
  return {
    async noteEventBlock(): Promise<boolean> {
      if (engine === 'postgres') return false;
      return transact(database, async (transaction) => {
        const block = await nextBlock(transaction);
        if (block === undefined) return false;
        await sql`insert into event_update_blocks (block, update_id)
          select distinct ${block}, update_id from reporting_events
          where event_id >= ${firstIn(block)} and event_id < ${firstIn(block + 1)} and update_id is not null
          order by update_id`.execute(transaction);
        await sql`insert into event_update_blocks (block, update_id) values (${block}, ${lookedAt})`.execute(
          transaction,
        );
        await sql`delete from event_update_blocks where block < (
          select min(event_id) >> ${sql.lit(blockBits)} from reporting_events)`.execute(transaction);
        return true;
      });
    },
  };
}

/** Stretches of event ids, newest first. All events about `updateId` are inside of them. */
export async function stretchesAbout(
  tables: Kysely<Tables>,
  updateId: string,
): Promise<{ first: number; below: number }[]> {
  const { oldest, newest } = await blockRange(tables);
  if (oldest === undefined || newest === undefined) return [];
  const noted = await newestNoted(tables);
  const from = Math.max(oldest, noted === undefined ? oldest : noted + 1);
  const behind = { first: firstIn(from), below: firstIn(newest + 1) };
  if (noted === undefined || noted < oldest) return [behind];
  const { rows } = await sql<{ block: number }>`
    with recursive blocks (block) as (
      select ${noted} union all select block - 1 from blocks where block > ${oldest})
    select block from blocks where exists (
      select 1 from event_update_blocks as about where about.block = blocks.block and about.update_id = ${updateId})
    order by block desc`.execute(tables);
  return [behind, ...rows.map(({ block }) => ({ first: firstIn(block), below: firstIn(block + 1) }))];
}

function firstIn(block: number): number {
  return block * 2 ** blockBits;
}

/** The blocks of the first and the last event. Undefined without events. */
async function blockRange(tables: Kysely<Tables>) {
  const { rows } = await sql<{ first: number | null; last: number | null }>`
    select (select min(event_id) from reporting_events) as first, (select max(event_id) from reporting_events) as last
    `.execute(tables);
  const block = (id: number | null | undefined) =>
    id === null || id === undefined ? undefined : Math.floor(id / 2 ** blockBits);
  return { oldest: block(rows[0]?.first), newest: block(rows[0]?.last) };
}

async function newestNoted(tables: Kysely<Tables>): Promise<number | undefined> {
  const { rows } = await sql<{ block: number | null }>`select max(block) as block from event_update_blocks`.execute(
    tables,
  );
  return rows[0]?.block ?? undefined;
}

/**
 * Ids are given and committed in rising order, by one writer at a time: into a block with one above it nothing comes.
 */
async function nextBlock(tables: Kysely<Tables>): Promise<number | undefined> {
  const { oldest, newest } = await blockRange(tables);
  if (oldest === undefined || newest === undefined) return undefined;
  const next = Math.max(oldest, ((await newestNoted(tables)) ?? -1) + 1);
  return next < newest ? next : undefined;
}
