// The reports of clients (MS-WUSP 2.2.2.3). An event instance counts once for its computer, however often it is sent.
import { cutText } from '@moult/formats/text';
import type { Kysely } from 'kysely';
import { beginningOf, cutStrings, leftOut, type StoreBounds, wholeUpTo } from './bounds.ts';
import type { Changes } from './changes.ts';
import type { EventFilter, ListedEvent, RefusedRow, ReportedEvent, ReportedEvents } from './contract/index.ts';
import type { Database } from './database.ts';
import { keptBounds, textBytes } from './declared-bounds.ts';
import { stretchesAbout } from './event-blocks.ts';
import { prepareInsert } from './prepared.ts';
import { writeAllButRefused } from './refused-rows.ts';
import type { Tables } from './schema.ts';
import { lockComputers, transact } from './transact.ts';
import { applyEvents, changesStates, updateStatusStatements } from './update-status.ts';

export function reportingEventStore(
  database: Database,
  changes: Changes,
  bounds: StoreBounds,
): Pick<ReportedEvents, 'recordReportingEvents' | 'listReportingEvents'> {
  const { tables, engine } = database;
  const insertNew = insertNewEvents(tables);
  const insertQuietly = prepareInsert(exampleRow(), (rows) => insertion(tables, rows));
  const statusStatements = updateStatusStatements(tables, engine);

  const record = async (events: readonly ReportedEvent[], receivedAt: Date): Promise<void> => {
    const computerIds = events.map(({ computerId }) => computerId);
    await transact(database, async (transaction) => {
      // Two batches of one computer, which may hold the same events in any order, come one after the other.
      await lockComputers(transaction, engine, computerIds);
      const fresh = new Set<string>();
      for (let start = 0; start < events.length; start += rowsPerInsert) {
        const some = events.slice(start, start + rowsPerInsert);
        const rows = some.map((event) => rowOf(event, receivedAt.getTime(), bounds));
        // To be told which are new costs as much as half of the insertion, and most events change nothing else.
        if (!some.some(changesStates)) await insertQuietly(transaction, rows);
        else {
          const { rows: inserted } = await insertNew(transaction, rows);
          for (const { computer_id, instance_id } of inserted) fresh.add(`${computer_id} ${instance_id}`);
        }
      }
      await applyEvents(
        transaction,
        statusStatements,
        events.filter(({ computerId, instanceId }) => fresh.delete(`${computerId} ${instanceId}`)),
        { statesPerComputer: bounds.statesPerComputer, receivedAt },
      );
    });
  };

  return {
    async recordReportingEvents(
      events: readonly ReportedEvent[],
      receivedAt: Date,
    ): Promise<RefusedRow<ReportedEvent>[]> {
      if (events.length === 0) return [];
      const refused = await writeAllButRefused(events, (some) => record(some, receivedAt));
      changes.announce('reporting-events');
      return refused;
    },

    async listReportingEvents({ computerId, updateId, limit }: EventFilter): Promise<ListedEvent[]> {
      let query = eventsIn(tables);
      if (computerId !== undefined) query = query.where('event.computer_id', '=', computerId);
      if (updateId !== undefined) query = query.where('event.update_id', '=', updateId);
      if (updateId === undefined || computerId !== undefined || engine === 'postgres') {
        return (await query.limit(limit).execute()).map(toListed);
      }
      const found: ListedEvent[] = [];
      for (const { first, below } of await stretchesAbout(tables, updateId)) {
        if (found.length >= limit) break;
        const inside = query.where('event.event_id', '>=', first).where('event.event_id', '<', below);
        found.push(...(await inside.limit(limit - found.length).execute()).map(toListed));
      }
      return found;
    },
  };
}

/** Newest first. */
function eventsIn(tables: Kysely<Tables>) {
  return tables
    .selectFrom('reporting_events as event')
    .leftJoin('computers', 'computers.computer_id', 'event.computer_id')
    .select([...plainColumns])
    .select(beginningOf('event.app_name', textBytes.appName).as('app_name'))
    .select(wholeUpTo('event.replacement_strings', keptBounds.readableJsonBytes, leftOut).as('replacement_strings'))
    .select(wholeUpTo('event.misc_data', keptBounds.readableJsonBytes, leftOut).as('misc_data'))
    .select(beginningOf('computers.dns_name', textBytes.name).as('dns_name'))
    .orderBy('event.event_id', 'desc');
}

type EventRow = Awaited<ReturnType<ReturnType<typeof eventsIn>['execute']>>[number];

function toListed(row: EventRow): ListedEvent {
  return {
    instanceId: row.instance_id,
    computerId: row.computer_id,
    dnsName: row.dns_name ?? '',
    receivedAt: new Date(row.received_at),
    timeAtTarget: new Date(row.time_at_target),
    namespaceId: row.namespace_id,
    eventNumber: row.event_number,
    sourceId: row.source_id,
    updateId: row.update_id ?? undefined,
    revisionNumber: row.revision_number,
    win32HResult: row.win32_hresult,
    appName: row.app_name,
    replacementStrings: JSON.parse(row.replacement_strings) as string[],
    miscData: JSON.parse(row.misc_data) as string[],
  };
}

// SQLite's and PostgreSQL's limits on bound values are both above 13 times this.
const rowsPerInsert = 200;

/** Answers those that were not known yet. */
function insertNewEvents(tables: Kysely<Tables>) {
  return prepareInsert(exampleRow(), (rows) => insertion(tables, rows).returning(['computer_id', 'instance_id']));
}

function insertion(tables: Kysely<Tables>, rows: readonly ReturnType<typeof exampleRow>[]) {
  return tables
    .insertInto('reporting_events')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['computer_id', 'instance_id']).doNothing());
}

function rowOf(event: ReportedEvent, receivedAt: number, { eventBytes }: Pick<StoreBounds, 'eventBytes'>) {
  // Of most events these are short, and what they leave is for the rest.
  const replacementStrings = cutStrings(event.replacementStrings, eventBytes / 4);
  const miscData = cutStrings(event.miscData, (eventBytes * 3) / 4);
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
    app_name: cutText(event.appName, textBytes.appName),
    replacement_strings: JSON.stringify(replacementStrings),
    misc_data: JSON.stringify(miscData),
  };
}

const exampleRow = () =>
  rowOf(
    {
      ...{ instanceId: '', computerId: '', timeAtTarget: new Date(0), namespaceId: 1, eventNumber: 0, sourceId: 0 },
      ...{ updateId: '', revisionNumber: 0, win32HResult: 0, appName: '', replacementStrings: [], miscData: [] },
    },
    0,
    { eventBytes: 1024 },
  );

const plainColumns = [
  ...(['event.instance_id', 'event.computer_id', 'event.received_at', 'event.time_at_target'] as const),
  ...(['event.namespace_id', 'event.event_number', 'event.source_id', 'event.update_id'] as const),
  ...(['event.revision_number', 'event.win32_hresult'] as const),
] as const;
