// Taking old report events away in steps that are small whatever the store holds: by time through its index, by kind
// along the event ids, which rise with the time of receipt.
import type { Database } from './database.ts';
import { retried } from './transact.ts';

export interface RoutineStep {
  /** Event ids above this are still to be looked at. */
  after: number;
  /** How many ids to look at. */
  count: number;
  eventNumbers: readonly number[];
  receivedBefore: Date;
  /** A later time of receipt was written by a wrong clock: such an event is passed over, or it would end each sweep. */
  newestBelievable: Date;
}

export interface RoutineStepResult {
  removed: number;
  /** Where the next step goes on. */
  after: number;
  /** Nothing older than `receivedBefore` lies above `after`. */
  isDone: boolean;
}

export function eventRetentionStore({ tables }: Database) {
  return {
    /** Looks at the next `count` events and removes those of these numbers that were received before a time. */
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
        ({ event_number, received_at }) => received_at < receivedBefore && eventNumbers.includes(event_number),
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
