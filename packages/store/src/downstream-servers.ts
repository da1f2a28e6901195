// Servers below this one, as they report themselves.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { saveSetting } from './configuration.ts';
import type {
  DownstreamLimits,
  DownstreamServer,
  DownstreamStore,
  Recorded,
  ReportedServer,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { ServerError } from './errors.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

/** A setting: another value makes every downstream server report everything again. */
export const rollUpReset = 'roll-up-reset';

type ServerPart = Pick<
  DownstreamStore,
  'recordDownstreamServers' | 'listDownstreamServers' | 'removeDownstreamServer' | 'countDownstream'
>;

/** Server → the one above it. Null: this server. */
type ServerTree = ReadonlyMap<string, string | null>;

export function downstreamServerStore(database: Database): ServerPart {
  const { tables, engine } = database;
  return {
    async recordDownstreamServers(servers, { now, clockAheadMs, ownIds, limits }): Promise<Recorded> {
      return transact(database, async (transaction) => {
        // One report after the other.
        await takeStamp(transaction, engine, now.getTime());
        const tree = new Map(await loadTree(transaction));
        for (const server of servers) {
          const { serverId, parentId } = server;
          const isPlaced = parentId === undefined || tree.has(parentId);
          if (!isPlaced || ownIds.includes(serverId) || isBelow(tree, parentId ?? null, serverId))
            return 'unknown-server';
          if (!tree.has(serverId) && tree.size >= limits.servers) return 'no-room';
          const isNewest = await keepServer(transaction, server, { now, clockAheadMs });
          // One that changes nothing has no say in the tree either. Else servers get above themselves.
          if (!isNewest) continue;
          tree.set(serverId, parentId ?? null);
          await keepSystems(transaction, server, now, limits);
        }
        return 'recorded';
      });
    },

    async listDownstreamServers(): Promise<DownstreamServer[]> {
      const rows = await tables
        .selectFrom('downstream_servers')
        .selectAll()
        .orderBy('name')
        .orderBy('server_id')
        .execute();
      const counts = await countByServer(tables);
      const listed = rows.map((row): DownstreamServer => {
        const { computers = 0, needing = 0, failing = 0 } = counts.get(row.server_id) ?? {};
        return {
          ...{ serverId: row.server_id, parentId: row.parent_id ?? undefined, name: row.name, version: row.version },
          ...{ isReplica: Number(row.is_replica) === 1, firstSeen: new Date(Number(row.first_seen)) },
          ...{ receivedAt: new Date(Number(row.received_at)), rolledUpAt: new Date(Number(row.rolled_up_at)) },
          lastSync: row.last_sync === null ? undefined : new Date(Number(row.last_sync)),
          clockAheadMs: Number(row.clock_ahead_ms),
          summary: row.summary === null ? undefined : (JSON.parse(row.summary) as Record<string, number>),
          ...{ computers, needing, failing },
        };
      });
      return parentsFirst(listed);
    },

    async countDownstream() {
      const counts = [...(await countByServer(tables)).values()];
      const { servers } = await tables
        .selectFrom('downstream_servers')
        .select(({ fn }) => fn.countAll<number>().as('servers'))
        .executeTakeFirstOrThrow();
      const sum = (of: (one: (typeof counts)[number]) => number) => counts.reduce((total, one) => total + of(one), 0);
      return {
        servers: Number(servers),
        computers: sum(({ computers }) => computers),
        needing: sum(({ needing }) => needing),
        failing: sum(({ failing }) => failing),
      };
    },

    async removeDownstreamServer(serverId, author) {
      return transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const tree = await loadTree(transaction);
        if (!tree.has(serverId))
          throw new ServerError('SERVER_NOT_FOUND', `There is no downstream server ${serverId}.`);
        const gone = subtree(tree, serverId);
        let computers = 0;
        for (const id of gone) computers += await removeOne(transaction, id);
        // Servers that are still there report everything again.
        await saveSetting(transaction, rollUpReset, randomUUID());
        const before = { servers: gone, computers };
        await recordAudit(transaction, author, { action: 'remove downstream server', subject: serverId, before });
        return { servers: gone.length, computers };
      });
    },
  };
}

export async function loadTree(tables: Kysely<Tables>): Promise<ServerTree> {
  const rows = await tables.selectFrom('downstream_servers').select(['server_id', 'parent_id']).execute();
  return new Map(rows.map(({ server_id, parent_id }) => [server_id, parent_id]));
}

/** A server and all below it. */
export function subtree(tree: ServerTree, serverId: string): string[] {
  return [...tree.keys()].filter((id) => isBelow(tree, id, serverId));
}

/** It is the other one, or below it. */
function isBelow(tree: ServerTree, serverId: string | null, other: string): boolean {
  let at: string | null | undefined = serverId;
  for (let steps = 0; at !== null && at !== undefined && steps <= tree.size; steps++) {
    if (at === other) return true;
    at = tree.get(at);
  }
  return false;
}

/** False for a report that is older than the last one. */
async function keepServer(
  transaction: Kysely<Tables>,
  server: ReportedServer,
  { now, clockAheadMs }: { now: Date; clockAheadMs: number },
): Promise<boolean> {
  const known = await transaction
    .selectFrom('downstream_servers')
    .select('rolled_up_at')
    .where('server_id', '=', server.serverId)
    .executeTakeFirst();
  if (known && Number(known.rolled_up_at) > server.rolledUpAt.getTime()) return false;
  const values = {
    ...{ parent_id: server.parentId ?? null, name: server.name, version: server.version },
    ...{ is_replica: server.isReplica ? 1 : 0, received_at: now.getTime(), rolled_up_at: server.rolledUpAt.getTime() },
    ...{ last_sync: server.lastSync?.getTime() ?? null, clock_ahead_ms: clockAheadMs },
    summary: server.summary ? JSON.stringify(server.summary) : null,
  };
  await transaction
    .insertInto('downstream_servers')
    .values({ server_id: server.serverId, first_seen: now.getTime(), ...values })
    .onConflict((conflict) => conflict.column('server_id').doUpdateSet(values))
    .execute();
  return true;
}

/** Beyond the limits the first ones stay. A hostile report has many: so it takes few statements. */
async function keepSystems(
  transaction: Kysely<Tables>,
  { serverId, systems }: ReportedServer,
  now: Date,
  limits: DownstreamLimits,
): Promise<void> {
  const known = await transaction
    .selectFrom('downstream_systems')
    .select('system')
    .where('server_id', '=', serverId)
    .execute();
  const kept = new Set(known.map(({ system }) => system));
  for (const { system } of systems) if (kept.size < limits.systems) kept.add(system);
  const listed = systems.filter(({ system }) => kept.has(system));
  const last = new Map(listed.map(({ system, computers }) => [system, computers]));
  for (const some of portions([...last]))
    await transaction
      .insertInto('downstream_systems')
      .values(
        some.map(([system, computers]) => ({ server_id: serverId, system, computers, received_at: now.getTime() })),
      )
      .onConflict((conflict) =>
        conflict.columns(['server_id', 'system']).doUpdateSet(({ ref }) => ({
          ...{ computers: ref('excluded.computers'), received_at: ref('excluded.received_at') },
        })),
      )
      .execute();
  await addActivities(transaction, serverId, listed, limits.activities);
}

async function addActivities(
  transaction: Kysely<Tables>,
  serverId: string,
  systems: ReportedServer['systems'],
  most: number,
): Promise<void> {
  const counts = new Map<string, Tables['downstream_activity']>();
  for (const { system, activities } of systems)
    for (const { updateId, installed, failed } of activities) {
      const key = `${updateId} ${system}`;
      const before = counts.get(key) ?? { installed: 0, failed: 0 };
      counts.set(key, {
        ...{ server_id: serverId, system, update_id: updateId },
        ...{ installed: before.installed + installed, failed: before.failed + failed },
      });
    }
  const room = most - (await countActivities(transaction, serverId));
  if (counts.size > room) await leaveOutBeyond(transaction, { serverId, counts, room });
  for (const some of portions([...counts.values()]))
    await transaction
      .insertInto('downstream_activity')
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(['server_id', 'system', 'update_id']).doUpdateSet({
          installed: sql<number>`downstream_activity.installed + excluded.installed`,
          failed: sql<number>`downstream_activity.failed + excluded.failed`,
        }),
      )
      .execute();
}

async function leaveOutBeyond(
  transaction: Kysely<Tables>,
  { serverId, counts, room }: { serverId: string; counts: Map<string, unknown>; room: number },
): Promise<void> {
  const rows = await transaction
    .selectFrom('downstream_activity')
    .select(['update_id', 'system'])
    .where('server_id', '=', serverId)
    .execute();
  const known = new Set(rows.map(({ update_id, system }) => `${update_id} ${system}`));
  let left = room;
  for (const key of counts.keys()) if (!known.has(key) && left-- <= 0) counts.delete(key);
}

function* portions<Item>(items: readonly Item[], size = 500): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

async function countActivities(tables: Kysely<Tables>, serverId: string): Promise<number> {
  const { count } = await tables
    .selectFrom('downstream_activity')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('server_id', '=', serverId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

interface Counts {
  computers: number;
  needing: number;
  failing: number;
}

async function countByServer(tables: Kysely<Tables>): Promise<Map<string, Counts>> {
  const { rows } = await sql<Counts & { server_id: string }>`
    select server_id, count(*) as computers,
      sum(case when figures.needed > 0 then 1 else 0 end) as needing,
      sum(case when figures.failed > 0 then 1 else 0 end) as failing
    from downstream_computers as computers
    left join downstream_figures as figures on figures.computer_id = computers.computer_id
    group by server_id`.execute(tables);
  return new Map(
    rows.map(({ server_id, computers, needing, failing }) => [
      server_id,
      { computers: Number(computers), needing: Number(needing), failing: Number(failing) },
    ]),
  );
}

async function removeOne(transaction: Kysely<Tables>, serverId: string): Promise<number> {
  const ofServer = sql`select computer_id from downstream_computers where server_id = ${serverId}`;
  for (const table of ['downstream_states', 'downstream_figures', 'roll_up_sent', 'roll_up_changes'])
    await sql`delete from ${sql.table(table)} where computer_id in (${ofServer})`.execute(transaction);
  const { numDeletedRows } = await transaction
    .deleteFrom('downstream_computers')
    .where('server_id', '=', serverId)
    .executeTakeFirst();
  for (const table of ['downstream_systems', 'downstream_activity', 'downstream_servers'] as const)
    await transaction.deleteFrom(table).where('server_id', '=', serverId).execute();
  return Number(numDeletedRows);
}

function parentsFirst(servers: readonly DownstreamServer[]): DownstreamServer[] {
  const below = Map.groupBy(servers, ({ parentId }) => parentId);
  const listed: DownstreamServer[] = [];
  const add = (parentId: string | undefined): void => {
    for (const one of below.get(parentId) ?? []) {
      listed.push(one);
      add(one.serverId);
    }
  };
  add(undefined);
  return listed;
}
