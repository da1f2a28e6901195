// What clients report (MS-WUSP 2.2.2.3). An event instance counts once, however often it is sent.
import type { Changes } from './changes.ts';
import type { Database } from './database.ts';

export interface ReportedEvent {
  instanceId: string;
  computerId: string;
  timeAtTarget: Date;
  namespaceId: number;
  /** The number of MS-WUSP 2.2.2.3.1. */
  eventNumber: number;
  sourceId: number;
  /** Undefined when the event is about no update (zero GUID on the wire). */
  updateId: string | undefined;
  revisionNumber: number;
  win32HResult: number;
  appName: string;
  replacementStrings: string[];
  miscData: string[];
}

export function reportingEventStore({ tables }: Database, changes: Changes) {
  return {
    /** Keeps the events of one batch in one transaction; instances that are known already are passed over. */
    async recordReportingEvents(events: readonly ReportedEvent[], receivedAt: Date): Promise<void> {
      if (events.length === 0) return;
      await tables.transaction().execute(async (transaction) => {
        for (let start = 0; start < events.length; start += rowsPerInsert) {
          await transaction
            .insertInto('reporting_events')
            .values(events.slice(start, start + rowsPerInsert).map((event) => rowOf(event, receivedAt.getTime())))
            .onConflict((conflict) => conflict.column('instance_id').doNothing())
            .execute();
        }
      });
      changes.announce('reporting-events');
    },
  };
}

// SQLite's and PostgreSQL's limits on bound values are both above 13 times this.
const rowsPerInsert = 200;

function rowOf(event: ReportedEvent, receivedAt: number) {
  return {
    instance_id: event.instanceId,
    computer_id: event.computerId,
    received_at: receivedAt,
    time_at_target: event.timeAtTarget.getTime(),
    namespace_id: event.namespaceId,
    event_number: event.eventNumber,
    source_id: event.sourceId,
    update_id: event.updateId ?? null,
    revision_number: event.revisionNumber,
    win32_hresult: event.win32HResult,
    app_name: event.appName,
    replacement_strings: JSON.stringify(event.replacementStrings),
    misc_data: JSON.stringify(event.miscData),
  };
}
