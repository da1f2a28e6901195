// Reports to the server above. Triggers note which states changed (migration 0021). So the cost of a report grows with the
// changes, and not with the computers.
import { type Kysely, sql } from 'kysely';
import type { ComputerToReport, RollUpStore, StatesToReport } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

/** In place of an update: all states of the computer are wanted. */
const allStates = '';

export function rollUpStore(database: Database): RollUpStore {
  const { tables } = database;
  return {
    async beginRollUp({ upstream, serverId, resetGuid }) {
      return transact(database, async (transaction) => {
        const known = await transaction.selectFrom('roll_up_to').selectAll().execute();
        const [one] = known;
        const isSame = one?.upstream === upstream && one.server_id === serverId && one.reset_guid === resetGuid;
        if (known.length === 1 && isSame) {
          await forgetRemoved(transaction);
          return { isNew: false };
        }
        for (const table of ['roll_up_to', 'roll_up_sent', 'roll_up_changes'] as const)
          await transaction.deleteFrom(table).execute();
        const row = { upstream, server_id: serverId, reset_guid: resetGuid, checked_at: 0 };
        await transaction.insertInto('roll_up_to').values(row).execute();
        return { isNew: true };
      });
    },

    async loadComputersToReport(after, limit) {
      const { rows } = await sql<ReportRow>`
        select found.*, sent.contact, sent.details as sent_details, sent.is_wanted from (
          select computer_id, null as server_id, dns_name, address, last_sync,
            case when last_sync is null then 0 else 1 end as last_sync_result, null as last_reboot,
            last_report as last_status, null as last_inventory, registration as facts, requested_groups
          from computers where computer_id > ${after}
          union all
          select computer_id, server_id, dns_name, address, last_sync, last_sync_result, last_reboot, last_status,
            last_inventory, details as facts, '' as requested_groups
          from downstream_computers where computer_id > ${after} and not exists (
            select 1 from computers where computers.computer_id = downstream_computers.computer_id)
        ) as found left join roll_up_sent as sent on sent.computer_id = found.computer_id
        where coalesce(sent.is_wanted, 1) = 1
        order by found.computer_id limit ${limit}`.execute(tables);
      const groups = await groupsOf(
        tables,
        rows.map(({ computer_id }) => computer_id),
      );
      return rows.map((row) => toComputer(row, groups.get(row.computer_id) ?? []));
    },

    async noteComputersReported(computers) {
      for (const hasDetails of [true, false])
        for (const some of portions(computers.filter(({ details }) => (details !== undefined) === hasDetails)))
          await tables
            .insertInto('roll_up_sent')
            .values(
              some.map(({ computerId, contact, details = '' }) => ({
                ...{ computer_id: computerId, number: 0, contact, details, is_wanted: 1 },
              })),
            )
            .onConflict((conflict) =>
              conflict.column('computer_id').doUpdateSet(({ ref }) => ({
                contact: ref('excluded.contact'),
                ...(hasDetails && { details: ref('excluded.details') }),
              })),
            )
            .execute();
    },

    async noteComputersUnwanted(computerIds) {
      for (const some of portions(computerIds))
        await tables.updateTable('roll_up_sent').set({ is_wanted: 0 }).where('computer_id', 'in', some).execute();
    },

    async loadStatesToReport(after, limit) {
      const { rows } = await sql<{ computer_id: string; number: number; is_full: number; up_to: number }>`
        select sent.computer_id, sent.number,
          max(case when sent.number = 0 or changes.update_id = ${allStates} then 1 else 0 end) as is_full,
          coalesce(max(changes.change_id), 0) as up_to
        from roll_up_sent as sent left join roll_up_changes as changes on changes.computer_id = sent.computer_id
        where sent.computer_id > ${after} and sent.is_wanted = 1
          and (sent.number = 0 or changes.change_id is not null)
        group by sent.computer_id, sent.number order by sent.computer_id limit ${limit}`.execute(tables);
      return loadStates(tables, rows);
    },

    async noteStatesReported(reports) {
      await transact(database, async (transaction) => {
        for (const { computerId, number, upTo } of reports) {
          await transaction.updateTable('roll_up_sent').set({ number }).where('computer_id', '=', computerId).execute();
          await transaction
            .deleteFrom('roll_up_changes')
            .where('computer_id', '=', computerId)
            .where('change_id', '<=', upTo)
            .execute();
        }
      });
    },

    async loadRollUpNumbers(after, limit) {
      const rows = await tables
        .selectFrom('roll_up_sent')
        .select(['computer_id', 'number'])
        .where('computer_id', '>', after)
        .where('is_wanted', '=', 1)
        .where('number', '>', 0)
        .orderBy('computer_id')
        .limit(limit)
        .execute();
      return rows.map(({ computer_id, number }) => ({ computerId: computer_id, number: Number(number) }));
    },

    async reportInFull(computerIds) {
      for (const some of portions(computerIds))
        await tables
          .insertInto('roll_up_changes')
          .values(some.map((computer_id) => ({ computer_id, update_id: allStates })))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
    },

    async loadLastComparison() {
      const row = await tables.selectFrom('roll_up_to').select('checked_at').executeTakeFirst();
      return row && Number(row.checked_at) > 0 ? new Date(Number(row.checked_at)) : undefined;
    },

    async noteComparison(at) {
      await tables.updateTable('roll_up_to').set({ checked_at: at.getTime() }).execute();
    },

    async countUpdatesWithStates() {
      const { rows } = await sql<{ needed: number; failed: number }>`
        select sum(case when needed > 0 then 1 else 0 end) as needed, sum(case when failed > 0 then 1 else 0 end) as failed
        from update_figures`.execute(tables);
      return { needed: Number(rows[0]?.needed ?? 0), failed: Number(rows[0]?.failed ?? 0) };
    },
  };
}

/** Computers that were removed here. */
async function forgetRemoved(transaction: Kysely<Tables>): Promise<void> {
  for (const table of ['roll_up_sent', 'roll_up_changes'])
    await sql`delete from ${sql.table(table)} where not exists (
        select 1 from computers where computers.computer_id = ${sql.table(table)}.computer_id)
      and not exists (select 1 from downstream_computers
        where downstream_computers.computer_id = ${sql.table(table)}.computer_id)`.execute(transaction);
}

interface ReportRow {
  computer_id: string;
  server_id: string | null;
  dns_name: string;
  address: string;
  last_sync: number | null;
  last_sync_result: number;
  last_reboot: number | null;
  last_status: number | null;
  last_inventory: number | null;
  facts: string | null;
  requested_groups: string;
  contact: string | null;
  sent_details: string | null;
}

function toComputer(row: ReportRow, groupIds: string[]): ComputerToReport {
  const timeOf = (at: number | null) => (at === null ? undefined : new Date(Number(at)));
  const facts = row.facts === null ? {} : (JSON.parse(row.facts) as Record<string, unknown>);
  const listIn = (name: string) => (Array.isArray(facts[name]) ? (facts[name] as string[]) : []);
  const isOwn = row.server_id === null;
  return {
    ...{ computerId: row.computer_id, serverId: row.server_id ?? undefined, dnsName: row.dns_name },
    ...{ address: row.address, lastSync: timeOf(row.last_sync), lastSyncResult: Number(row.last_sync_result) },
    ...{ lastReboot: timeOf(row.last_reboot), lastStatus: timeOf(row.last_status) },
    ...{ lastInventory: timeOf(row.last_inventory), facts },
    groupIds: isOwn ? groupIds : listIn('groupIds'),
    requestedGroups: isOwn ? row.requested_groups.split(';').filter((name) => name !== '') : listIn('requestedGroups'),
    sent: row.contact === null ? undefined : { contact: row.contact, details: row.sent_details ?? '' },
  };
}

async function groupsOf(tables: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, string[]>> {
  const groups = new Map<string, string[]>();
  for (const some of portions(ids, 500)) {
    const rows = await tables
      .selectFrom('computer_groups')
      .select(['computer_id', 'group_id'])
      .where('computer_id', 'in', some)
      .orderBy('group_id')
      .execute();
    for (const { computer_id, group_id } of rows)
      groups.set(computer_id, [...(groups.get(computer_id) ?? []), group_id]);
  }
  return groups;
}

type CandidateRow = { computer_id: string; number: number; is_full: number; up_to: number };

async function loadStates(tables: Kysely<Tables>, candidates: readonly CandidateRow[]): Promise<StatesToReport[]> {
  const reports: StatesToReport[] = [];
  for (const some of portions(candidates, 100)) {
    const ids = sql.join(some.map(({ computer_id }) => computer_id));
    const { rows } = await sql<{ computer_id: string; update_id: string; state: number; changed_at: number }>`
      select computer_id, update_id, state, changed_at from computer_update_status where computer_id in (${ids})
      union all select computer_id, update_id, state, changed_at from downstream_states where computer_id in (${ids})
        and not exists (select 1 from computers where computers.computer_id = downstream_states.computer_id)`.execute(
      tables,
    );
    const states = Map.groupBy(rows, ({ computer_id }) => computer_id);
    const changes = await sql<{ computer_id: string; update_id: string; change_id: number }>`
      select computer_id, update_id, change_id from roll_up_changes where computer_id in (${ids})`.execute(tables);
    const changed = Map.groupBy(changes.rows, ({ computer_id }) => computer_id);
    const times = await sql<{ computer_id: string; at: number | null }>`
      select computer_id, last_report as at from computers where computer_id in (${ids})
      union all select computer_id, detected_at from downstream_computers where computer_id in (${ids})`.execute(
      tables,
    );
    const detected = new Map(times.rows.map(({ computer_id, at }) => [computer_id, at]));
    for (const { computer_id, number, is_full, up_to } of some) {
      const isFull = Number(is_full) === 1;
      const at = detected.get(computer_id);
      const detectedAt = at === null || at === undefined ? undefined : new Date(Number(at));
      const all = (states.get(computer_id) ?? []).map((row) => ({
        ...{ updateId: row.update_id, state: Number(row.state), changedAt: new Date(Number(row.changed_at)) },
      }));
      const wanted = isFull ? all : changesOf(all, changed.get(computer_id) ?? [], Number(up_to), detectedAt);
      const known = { computerId: computer_id, number: Number(number), upTo: Number(up_to) };
      reports.push({ ...known, isFull, detectedAt, states: wanted });
    }
  }
  return reports;
}

/** One that is not there any more does not apply any more. */
function changesOf(
  all: StatesToReport['states'],
  changes: readonly { update_id: string; change_id: number }[],
  upTo: number,
  detectedAt: Date | undefined,
): StatesToReport['states'] {
  const byUpdate = new Map(all.map((one) => [one.updateId, one]));
  return changes
    .filter(({ change_id, update_id }) => Number(change_id) <= upTo && update_id !== allStates)
    .map(
      ({ update_id }) =>
        byUpdate.get(update_id) ?? { updateId: update_id, state: 0, changedAt: detectedAt ?? new Date(0) },
    );
}

function* portions<Item>(items: readonly Item[], size = 200): Generator<Item[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
