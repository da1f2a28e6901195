// The pings that agents send about their own update, to /wutrack.bin (protocol/src/self-update has their grammar).
import { cutText } from '@moult/formats/text';
import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import { beginningOf } from './bounds.ts';
import type { Changes } from './changes.ts';
import { laterContact } from './computers.ts';
import type {
  AgentGeneration,
  SelfUpdateEvent,
  SelfUpdateEventFilter,
  SelfUpdateEvents,
  StoredSelfUpdateEvent,
  WriteMark,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { textBytes } from './declared-bounds.ts';
import { inPieces, prepareInsert } from './prepared.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

export function selfUpdateEventStore(database: Database, changes: Changes): SelfUpdateEvents {
  const { tables } = database;
  const insertEvents = prepareInsert(exampleRow(), (rows) => tables.insertInto('self_update_events').values(rows));
  return {
    async recordSelfUpdateEvents(events: readonly SelfUpdateEvent[], mark?: WriteMark): Promise<void> {
      if (events.length === 0) return;
      const byClient = Map.groupBy(events, ({ computerId }) => computerId);
      byClient.delete(undefined);
      const clients = [...byClient].sort(([one = ''], [other = '']) => (one < other ? -1 : 1));
      await transact(database, async (transaction) => {
        // First: a second request waits here for the transaction before, whose end is not known.
        if (mark && !(await takeMark(transaction, mark))) return;
        // Clients before events, and in the order in which everybody locks them.
        for (const [, told] of clients) for (const event of told) await noteClient(transaction, event);
        for (const some of inPieces(events)) await insertEvents(transaction, some.map(rowOf));
      });
      changes.announce('self-update-events');
      changes.announce('computers');
    },

    async forgetWriteMarks(below: number): Promise<void> {
      await tables.deleteFrom('counters').where('name', 'like', `${markPrefix}%`).where('value', '<', below).execute();
    },

    async listSelfUpdateEvents(filter: SelfUpdateEventFilter = {}): Promise<StoredSelfUpdateEvent[]> {
      let query = tables
        .selectFrom('self_update_events')
        .select([...plainColumns])
        .select(textColumns.map((column) => beginningOf(column, textBytes.pingField).as(column)));
      if (filter.computerId !== undefined) query = query.where('computer_id', '=', filter.computerId);
      const rows = await query
        .orderBy('event_id', 'desc')
        .limit(filter.limit ?? 100)
        .execute();
      return rows.map(eventOf);
    },
  };
}

/** Is it new? A mark that was taken before is the sign that its events are there. */
async function takeMark(transaction: Kysely<Tables>, { writer, number }: WriteMark): Promise<boolean> {
  const { rows } = await sql`insert into counters (name, value) values (${`${markPrefix}${writer}`}, ${number})
    on conflict (name) do update set value = excluded.value where counters.value < excluded.value
    returning value`.execute(transaction);
  return rows.length > 0;
}

const markPrefix = 'stored-pings:';

async function noteClient(transaction: Kysely<Tables>, event: SelfUpdateEvent): Promise<void> {
  const { computerId, address, agentGeneration, agentVersion } = event;
  if (computerId === undefined) return;
  const at = event.receivedAt.getTime();
  const agent =
    agentGeneration === undefined ? {} : { agent_generation: agentGeneration, agent_version: agentVersion ?? null };
  await transaction
    .insertInto('computers')
    .values({
      computer_id: computerId,
      dns_name: '',
      address,
      requested_groups: '',
      first_contact: at,
      last_contact: at,
      ...agent,
    })
    .onConflict((conflict) => conflict.column('computer_id').doUpdateSet({ last_contact: laterContact, address }))
    .execute();
  if (agentGeneration === undefined) return;
  // A ping that waited in urllog.dat tells of an agent that has been replaced: what registered since counts.
  await transaction
    .updateTable('computers')
    .set(agent)
    .where('computer_id', '=', computerId)
    .where(({ eb, or }) => or([eb('registered_at', 'is', null), eb('registered_at', '<=', event.occurredAt.getTime())]))
    .execute();
}

function rowOf(event: SelfUpdateEvent) {
  const field = (text: string) => cutText(text, textBytes.pingField);
  return {
    received_at: event.receivedAt.getTime(),
    occurred_at: event.occurredAt.getTime(),
    computer_id: event.computerId ?? null,
    address: cutText(event.address, textBytes.address),
    user_agent: field(event.userAgent),
    component: field(event.component),
    activity: field(event.activity),
    item: field(event.item),
    device: field(event.device),
    platform: field(event.platform),
    language: field(event.language),
    status: field(event.status),
    result_code: event.resultCode,
    message: field(event.message),
    agent_generation: event.agentGeneration ?? null,
    agent_version: event.agentVersion ?? null,
  };
}

const exampleRow = () =>
  rowOf({
    ...{ receivedAt: new Date(0), occurredAt: new Date(0), computerId: '', address: '', userAgent: '', component: '' },
    ...{ activity: '', item: '', device: '', platform: '', language: '', status: '', resultCode: '', message: '' },
    ...{ agentGeneration: 'wsus', agentVersion: '' },
  });

const plainColumns = [
  ...(['event_id', 'received_at', 'occurred_at', 'computer_id', 'result_code'] as const),
  ...(['agent_generation', 'agent_version'] as const),
] as const;
// Strangers wrote these, at times before there were bounds.
const textColumns = [
  ...(['address', 'user_agent', 'component', 'activity', 'item', 'device', 'platform', 'language'] as const),
  ...(['status', 'message'] as const),
] as const;

/** The columns that `eventOf` reads, for a statement that calls the table `event`. */
export function pingColumns(): RawBuilder<unknown>[] {
  return [
    ...plainColumns.map((column) => sql`${sql.ref(`event.${column}`)} as ${sql.id(column)}`),
    ...textColumns.map((column) => sql`${beginningOf(`event.${column}`, textBytes.pingField)} as ${sql.id(column)}`),
  ];
}

export function eventOf(row: Selectable<Tables['self_update_events']>): StoredSelfUpdateEvent {
  return {
    eventId: Number(row.event_id),
    receivedAt: new Date(Number(row.received_at)),
    occurredAt: new Date(Number(row.occurred_at)),
    computerId: row.computer_id ?? undefined,
    address: row.address,
    userAgent: row.user_agent,
    component: row.component,
    activity: row.activity,
    item: row.item,
    device: row.device,
    platform: row.platform,
    language: row.language,
    status: row.status,
    resultCode: row.result_code,
    message: row.message,
    agentGeneration: (row.agent_generation ?? undefined) as AgentGeneration | undefined,
    agentVersion: row.agent_version ?? undefined,
  };
}
