// Removes old report events in small steps, however much the store holds: by time through the index, by kind along the
// event ids, which rise with the time of receipt.
import { type Kysely, sql } from 'kysely';
import type { EventRetention, EventTable, RoutineStep, RoutineStepResult } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { earliestStamp } from './stamps.ts';
import { retried } from './transact.ts';

export function eventRetentionStore({ tables }: Database): EventRetention {
  return {
    removeOldEvents: (before: Date, limit: number, newest?: Date) =>
      removeOld(tables, 'reporting_events', { before, limit, newest }),

    removeOldSelfUpdateEvents: (before: Date, limit: number, newest?: Date) =>
      removeOld(tables, 'self_update_events', { before, limit, newest }),

    async removeRoutineEvents(step: RoutineStep): Promise<RoutineStepResult> {
      const { after, count, eventNumbers } = step;
      const receivedBefore = step.receivedBefore.getTime();
      const newestBelievable = step.newestBelievable.getTime();
      const seen = await tables
        .selectFrom('reporting_events')
        .select(['event_id', 'event_number', 'received_at'])
        .where('event_id', '>', after)
        .orderBy('event_id')
        .limit(count)
        .execute();
      const young = seen.findIndex(({ received_at: at }) => at >= receivedBefore && at <= newestBelievable);
      const old = young < 0 ? seen : seen.slice(0, young);
      const removable = old.filter(
        ({ event_number, received_at: at }) =>
          at < receivedBefore && at >= earliestStamp && eventNumbers.includes(event_number),
      );
      if (removable.length > 0) {
        const ids = removable.map(({ event_id }) => event_id);
        await retried(() => tables.deleteFrom('reporting_events').where('event_id', 'in', ids).execute());
      }
      return {
        removed: removable.length,
        after: old.at(-1)?.event_id ?? after,
        isDone: young >= 0 || seen.length < count,
      };
    },
  };
}

async function removeOld(
  tables: Kysely<Tables>,
  table: EventTable,
  { before, limit, newest }: { before: Date; limit: number; newest: Date | undefined },
): Promise<number> {
  const newestTime = newest?.getTime() ?? Number.MAX_SAFE_INTEGER;
  // Ids rise with the time of receipt. The first young one is near the beginning: what is before it goes in each sweep.
  // The plus keeps SQLite from its index by time, which sorts all young ones.
  const { rows } = await sql<{ event_id: number }>`select event_id from ${sql.table(table)}
    where +received_at >= ${before.getTime()} and +received_at <= ${newestTime} order by event_id limit 1`.execute(
    tables,
  );
  const firstYoung = Number(rows[0]?.event_id ?? Number.MAX_SAFE_INTEGER);
  const result = await retried(() =>
    sql`delete from ${sql.table(table)} where event_id in (
      select event_id from ${sql.table(table)} where event_id < ${firstYoung}
        and +received_at >= ${earliestStamp} and +received_at < ${before.getTime()}
      order by event_id limit ${limit})`.execute(tables),
  );
  return Number(result.numAffectedRows ?? 0);
}
