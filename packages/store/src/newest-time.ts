// The newest time that the database knows: what the server's clock is held against.
import type { Database } from './database.ts';

export function newestTimeStore({ tables }: Database) {
  return {
    /**
     * When the last event, status ping or change was written, by the clock of then; undefined when there is none. The last
     * by number, not by time: a clock that was ahead once counts no more after it was corrected.
     */
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
