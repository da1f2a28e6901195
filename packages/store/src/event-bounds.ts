// Measures how much room the stored events take, and removes the oldest. The size comes from samples over all ids. No
// counter is kept when an event comes or goes, so none can become wrong.
import { type RawBuilder, sql } from 'kysely';
import type {
  EventBounds,
  EventTable,
  EventVolume,
  RemovalStep,
  RemovalStepResult,
  SampleLimits,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { retried } from './transact.ts';

/** The bytes of a row and its entries in the indexes, without its texts. Measured on SQLite. */
const rowBytes: Record<EventTable, number> = { reporting_events: 260, self_update_events: 160 };

const texts: Record<EventTable, readonly string[]> = {
  reporting_events: ['app_name', 'replacement_strings', 'misc_data'],
  self_update_events: ['user_agent', 'item', 'device', 'platform', 'language', 'message'],
};

export function eventBoundsStore(database: Database): EventBounds {
  const { tables } = database;
  const idsOf = async (table: EventTable) => {
    const { rows } = await sql<{ first: number | null; last: number | null }>`
      select (select min(event_id) from ${sql.table(table)}) as first,
             (select max(event_id) from ${sql.table(table)}) as last`.execute(tables);
    return { first: Number(rows[0]?.first ?? 0), last: Number(rows[0]?.last ?? -1) };
  };
  const volumeBetween = async (table: EventTable, from: number, below: number): Promise<EventVolume> => {
    const { rows } = await sql<{ events: number; bytes: number | null }>`
      select count(*) as events, sum(${bytesOf(table)}) as bytes from ${sql.table(table)}
      where event_id >= ${from} and event_id < ${below}`.execute(tables);
    return { events: Number(rows[0]?.events ?? 0), bytes: Number(rows[0]?.bytes ?? 0) };
  };

  return {
    async estimateEvents(table: EventTable, limits: SampleLimits): Promise<EventVolume> {
      const { first, last } = await idsOf(table);
      const range = last - first + 1;
      const { samples, eventsPerSample, random } = limits;
      const stretch = Math.max(range / samples, eventsPerSample);
      const found: EventVolume = { events: 0, bytes: 0 };
      let looked = 0;
      for (let from = first; from <= last; from += stretch) {
        const start = Math.floor(from + random() * (stretch - eventsPerSample));
        const sample = await volumeBetween(table, start, start + eventsPerSample);
        looked += eventsPerSample;
        found.events += sample.events;
        found.bytes += sample.bytes;
        // On SQLite nothing else runs meanwhile.
        await new Promise(setImmediate);
      }
      const scale = Math.max(1, range / Math.max(1, looked));
      return { events: Math.round(found.events * scale), bytes: Math.round(found.bytes * scale) };
    },

    async removeOldestEvents({ table, after, count, eventNumbers }: RemovalStep): Promise<RemovalStepResult> {
      const number = table === 'reporting_events' ? sql.ref('event_number') : sql`0`;
      const { rows: seen } = await sql<{ event_id: number; number: number; bytes: number }>`
        select event_id, ${number} as number, ${bytesOf(table)} as bytes from ${sql.table(table)}
        where event_id > ${after} order by event_id limit ${count}`.execute(tables);
      const going = seen.filter((one) => eventNumbers === undefined || eventNumbers.includes(one.number));
      if (going.length > 0) {
        const ids = going.map(({ event_id }) => event_id);
        await retried(() => tables.deleteFrom(table).where('event_id', 'in', ids).execute());
      }
      return {
        events: going.length,
        bytes: going.reduce((sum, { bytes }) => sum + Number(bytes), 0),
        after: seen.at(-1)?.event_id ?? after,
        isDone: seen.length < count,
      };
    },

    async trimEventsOf(computerId: string, most: EventVolume): Promise<number> {
      const { rows } = await sql<{ event_id: number; bytes: number }>`
        select event_id, ${bytesOf('reporting_events')} as bytes from reporting_events
        where computer_id = ${computerId} order by event_id desc limit ${most.events + removedAtOnce}`.execute(tables);
      let bytes = 0;
      const beyond = rows.findIndex((row, index) => {
        bytes += Number(row.bytes);
        return index >= most.events || bytes > most.bytes;
      });
      if (beyond < 0) return 0;
      const ids = rows.slice(beyond).map(({ event_id }) => event_id);
      for (let start = 0; start < ids.length; start += idsPerStatement) {
        const some = ids.slice(start, start + idsPerStatement);
        await retried(() => tables.deleteFrom('reporting_events').where('event_id', 'in', some).execute());
      }
      return ids.length;
    },
  };
}

const idsPerStatement = 500;
/** More than this is there only after the bound was lowered. The next time takes the rest. */
const removedAtOnce = 10_000;

function bytesOf(table: EventTable): RawBuilder<number> {
  const lengths = texts[table].map((column) => sql`octet_length(${sql.ref(column)})`);
  return sql<number>`(${sql.lit(rowBytes[table])} + ${sql.join(lengths, sql` + `)})`;
}
