// The newest time in the database. The server compares its clock with it.

import type { Configuration } from './contract/index.ts';
import type { Database } from './database.ts';

export function newestTimeStore({ tables }: Database): Pick<Configuration, 'loadNewestTime'> {
  return {
    async loadNewestTime(): Promise<Date | undefined> {
      const last = await Promise.all([
        tables
          .selectFrom('reporting_events')
          .select('received_at as at')
          .orderBy('event_id', 'desc')
          .limit(1)
          .execute(),
        tables
          .selectFrom('self_update_events')
          .select('received_at as at')
          .orderBy('event_id', 'desc')
          .limit(1)
          .execute(),
        // A restore is noted by the clock of the machine that it is done on, whatever that is worth.
        tables
          .selectFrom('audit')
          .select('occurred_at as at')
          .where('action', '<>', 'restore')
          .orderBy('audit_id', 'desc')
          .limit(1)
          .execute(),
      ]);
      const times = last.flat().map(({ at }) => Number(at));
      return times.length === 0 ? undefined : new Date(Math.max(...times));
    },
  };
}
