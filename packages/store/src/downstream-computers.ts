// Computers of servers below this one, and the states of updates on them. No rule, ring or offer reads these tables.
import { type Kysely, type SqlBool, sql } from 'kysely';
import type {
  DownstreamComputer,
  DownstreamStore,
  Page,
  PageRequest,
  Recorded,
  ReportedComputer,
  ReportedStates,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { loadTree, subtree } from './downstream-servers.ts';
import { allOf, behindCursor, byText, cutPage, limited, sorted } from './lists/page.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

type ComputerPart = Omit<
  DownstreamStore,
  'recordDownstreamServers' | 'listDownstreamServers' | 'removeDownstreamServer' | 'countDownstream'
>;

export function downstreamComputerStore(database: Database): ComputerPart {
  const { tables, engine } = database;
  return {
    async recordDownstreamComputers(computers, { now, limits }) {
      const last = new Map(computers.map((one) => [one.computerId, one]));
      return transact(database, async (transaction) => {
        await takeStamp(transaction, engine, now.getTime());
        const tree = await loadTree(transaction);
        if ([...last.values()].some(({ serverId }) => !tree.has(serverId)))
          return { kind: 'unknown-server' as Recorded, needDetails: [] };
        const known = await loadKnown(transaction, [...last.keys()]);
        const fresh = [...last.keys()].filter((id) => !known.has(id)).length;
        if (fresh > 0 && (await countComputers(transaction)) + fresh > limits.computers)
          return { kind: 'no-room' as Recorded, needDetails: [] };
        const written: ReportedComputer[] = [];
        const needDetails: string[] = [];
        for (const one of last.values()) {
          const before = known.get(one.computerId);
          if (before && before.lastSync > (one.lastSync?.getTime() ?? 0)) continue;
          written.push(one);
          if (!one.details && before?.serverId !== one.serverId) needDetails.push(one.computerId);
        }
        for (const some of portions(written)) await keepComputers(transaction, some, now);
        return { kind: 'recorded' as Recorded, needDetails };
      });
    },

    async findOutOfSync(serverId, numbers) {
      const tree = await loadTree(tables);
      if (!tree.has(serverId)) return [];
      const servers = new Set(subtree(tree, serverId));
      const sent = new Map(numbers.map(({ computerId, number }) => [computerId, number]));
      const known = await loadKnown(tables, [...sent.keys()]);
      return [...known]
        .filter(([id, { serverId: of, number }]) => servers.has(of) && number !== sent.get(id))
        .map(([id]) => id);
    },

    async recordDownstreamStates(serverId, reports, { statesPerComputer }) {
      const last = new Map(reports.map((one) => [one.computerId, one]));
      for (const some of portions([...last.values()], computersPerTransaction))
        await transact(database, async (transaction) => {
          await takeStamp(transaction, engine, 0);
          const tree = await loadTree(transaction);
          const servers = new Set(tree.has(serverId) ? subtree(tree, serverId) : []);
          const ids = some.map(({ computerId }) => computerId);
          const known = await loadKnown(transaction, ids);
          const here = some.filter(({ computerId }) => servers.has(known.get(computerId)?.serverId ?? ''));
          await keepStates(transaction, here, statesPerComputer);
        });
    },

    async pageDownstreamComputers(filter, request): Promise<Page<DownstreamComputer>> {
      return pageOf(tables, filter, request);
    },

    async countDownstreamOf(updateId) {
      const row = await tables
        .selectFrom('downstream_update_figures')
        .select(['needed', 'failed'])
        .where('update_id', '=', updateId)
        .executeTakeFirst();
      return { needed: Number(row?.needed ?? 0), failed: Number(row?.failed ?? 0) };
    },
  };
}

/** A transaction of so many computers takes about 100 ms. */
const computersPerTransaction = 50;

interface Known {
  serverId: string;
  lastSync: number;
  number: number;
}

async function loadKnown(tables: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  for (const some of portions(ids, idsPerQuery)) {
    const rows = await tables
      .selectFrom('downstream_computers')
      .select(['computer_id', 'server_id', 'last_sync', 'roll_up_number'])
      .where('computer_id', 'in', some)
      .execute();
    for (const { computer_id, server_id, last_sync, roll_up_number } of rows)
      known.set(computer_id, {
        serverId: server_id,
        lastSync: Number(last_sync ?? 0),
        number: Number(roll_up_number),
      });
  }
  return known;
}

async function countComputers(tables: Kysely<Tables>): Promise<number> {
  const { count } = await tables
    .selectFrom('downstream_computers')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Details that are not sent stay as they are. */
async function keepComputers(transaction: Kysely<Tables>, computers: readonly ReportedComputer[], now: Date) {
  const timeOf = (at: Date | undefined) => at?.getTime() ?? null;
  for (const withDetails of [true, false]) {
    const some = computers.filter(({ details }) => (details !== undefined) === withDetails);
    if (some.length === 0) continue;
    await transaction
      .insertInto('downstream_computers')
      .values(
        some.map(({ details, ...one }) => ({
          ...{ computer_id: one.computerId, server_id: one.serverId, received_at: now.getTime() },
          ...{ last_sync: timeOf(one.lastSync), last_sync_result: one.lastSyncResult },
          ...{ last_reboot: timeOf(one.lastReboot), last_status: timeOf(one.lastStatus) },
          ...{ last_inventory: timeOf(one.lastInventory), detected_at: null, roll_up_number: 0 },
          ...{ dns_name: details?.dnsName ?? '', address: details?.address ?? '' },
          details: details ? JSON.stringify(details.facts) : null,
        })),
      )
      .onConflict((conflict) =>
        conflict.column('computer_id').doUpdateSet(({ ref }) => ({
          ...{ server_id: ref('excluded.server_id'), received_at: ref('excluded.received_at') },
          ...{ last_sync: ref('excluded.last_sync'), last_sync_result: ref('excluded.last_sync_result') },
          ...{ last_reboot: ref('excluded.last_reboot'), last_status: ref('excluded.last_status') },
          last_inventory: ref('excluded.last_inventory'),
          ...(withDetails && {
            ...{ dns_name: ref('excluded.dns_name'), address: ref('excluded.address') },
            details: ref('excluded.details'),
          }),
        })),
      )
      .execute();
  }
}

/** Writes what differs. A state that is not applicable has no row, as on computers of this server. */
async function keepStates(
  transaction: Kysely<Tables>,
  reports: readonly ReportedStates[],
  statesPerComputer: number,
): Promise<void> {
  if (reports.length === 0) return;
  const before = await loadStates(
    transaction,
    reports.map(({ computerId }) => computerId),
  );
  const written: Tables['downstream_states'][] = [];
  for (const { computerId, number, detectedAt, isFull, states } of reports) {
    const known = before.get(computerId) ?? new Map<string, StateRow>();
    const told = new Map(states.map((one) => [one.updateId, one]));
    const gone = [...known.keys()].filter((id) => (isFull && !told.has(id)) || told.get(id)?.state === notApplicable);
    await removeStates(transaction, computerId, gone);
    let room = statesPerComputer - (known.size - gone.length);
    for (const { updateId, state, changedAt } of told.values()) {
      const was = known.get(updateId);
      if (state === notApplicable || (!isFull && was && was.changedAt > changedAt.getTime())) continue;
      if (was?.state === state && was.changedAt === changedAt.getTime()) continue;
      if (!was && room-- <= 0) continue;
      written.push({ computer_id: computerId, update_id: updateId, state, changed_at: changedAt.getTime() });
    }
    await transaction
      .updateTable('downstream_computers')
      .set({ roll_up_number: number, detected_at: detectedAt?.getTime() ?? null })
      .where('computer_id', '=', computerId)
      .execute();
  }
  for (const some of portions(written, statesPerStatement))
    await transaction
      .insertInto('downstream_states')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['computer_id', 'update_id']).doUpdateSet(({ ref }) => ({
          ...{ state: ref('excluded.state'), changed_at: ref('excluded.changed_at') },
        })),
      )
      .execute();
}

const notApplicable = 0;

interface StateRow {
  state: number;
  changedAt: number;
}

async function loadStates(tables: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, Map<string, StateRow>>> {
  const rows = await tables.selectFrom('downstream_states').selectAll().where('computer_id', 'in', ids).execute();
  const found = new Map<string, Map<string, StateRow>>();
  for (const { computer_id, update_id, state, changed_at } of rows) {
    const of = found.get(computer_id) ?? new Map<string, StateRow>();
    found.set(computer_id, of.set(update_id, { state: Number(state), changedAt: Number(changed_at) }));
  }
  return found;
}

async function removeStates(transaction: Kysely<Tables>, computerId: string, gone: readonly string[]): Promise<void> {
  for (const some of portions(gone, idsPerQuery))
    await transaction
      .deleteFrom('downstream_states')
      .where('computer_id', '=', computerId)
      .where('update_id', 'in', some)
      .execute();
}

async function pageOf(
  tables: Kysely<Tables>,
  { serverId, isNeeding = false, isFailing = false }: Parameters<DownstreamStore['pageDownstreamComputers']>[0],
  request: PageRequest,
): Promise<Page<DownstreamComputer>> {
  const conditions = [
    ...behindCursor(order, request.cursor),
    ...(serverId === undefined ? [] : [sql<SqlBool>`computers.server_id = ${serverId}`]),
    ...(isNeeding ? [sql<SqlBool>`figures.needed > 0`] : []),
    ...(isFailing ? [sql<SqlBool>`figures.failed > 0`] : []),
  ];
  const { rows } = await sql<Row>`
    select computers.*, coalesce(figures.needed, 0) as needed, coalesce(figures.failed, 0) as failed
    from downstream_computers as computers
    left join downstream_figures as figures on figures.computer_id = computers.computer_id
    where ${allOf(conditions)} order by ${sorted(order)} ${limited(request.limit)}`.execute(tables);
  const page = cutPage(rows, request, order, (row) => [row.computer_id]);
  const counted = await sql<{ total: number }>`
    select count(*) as total from downstream_computers as computers
    left join downstream_figures as figures on figures.computer_id = computers.computer_id
    where ${allOf(conditions.slice(request.cursor === undefined ? 0 : 1))}`.execute(tables);
  return { items: page.rows.map(toComputer), total: Number(counted.rows[0]?.total ?? 0), next: page.next };
}

const order = { name: 'downstream-computers', by: [byText(sql`computers.computer_id`)], isDescending: false };

type Row = Tables['downstream_computers'] & { needed: number; failed: number };

function toComputer(row: Row): DownstreamComputer {
  const timeOf = (at: number | null) => (at === null ? undefined : new Date(Number(at)));
  return {
    ...{ computerId: row.computer_id, serverId: row.server_id, dnsName: row.dns_name, address: row.address },
    ...{ lastSync: timeOf(row.last_sync), lastSyncResult: Number(row.last_sync_result) },
    ...{ lastReboot: timeOf(row.last_reboot), lastStatus: timeOf(row.last_status) },
    lastInventory: timeOf(row.last_inventory),
    details: row.details === null ? undefined : (JSON.parse(row.details) as Record<string, unknown>),
    ...{ needed: Number(row.needed), failed: Number(row.failed) },
  };
}

const idsPerQuery = 500;
const statesPerStatement = 1000;

function* portions<Item>(items: readonly Item[], size = 100): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
