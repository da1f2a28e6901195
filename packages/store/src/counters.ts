// Counts events that get no row each: malformed pings, refused requests.
import { sql } from 'kysely';
import type { Counters } from './contract/index.ts';
import type { Database } from './database.ts';
import { retried } from './transact.ts';

/** `held-back:new-computer` and so on (limits/admission.ts). */
export const heldBackPrefix = 'held-back:';

export function counterStore({ tables }: Database): Counters {
  return {
    async addToCounters(amounts: Readonly<Record<string, number>>): Promise<void> {
      const values = Object.entries(amounts).map(([name, value]) => ({ name, value }));
      if (values.length === 0) return;
      // Locked in this order by everybody.
      values.sort((one, other) => (one.name < other.name ? -1 : 1));
      const addition = tables
        .insertInto('counters')
        .values(values)
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sql`counters.value + excluded.value` }));
      await retried(() => addition.execute());
    },

    async loadHeldBack(): Promise<Record<string, number>> {
      const rows = await tables
        .selectFrom('counters')
        .selectAll()
        .where('name', 'like', `${heldBackPrefix}%`)
        .orderBy('name')
        .execute();
      return Object.fromEntries(rows.map(({ name, value }) => [name.slice(heldBackPrefix.length), Number(value)]));
    },

    async loadCounters(): Promise<Map<string, number>> {
      const rows = await tables.selectFrom('counters').selectAll().execute();
      return new Map(rows.map(({ name, value }) => [name, value]));
    },
  };
}
