// Figures of the whole fleet. Each one reads an index or a narrow row for each computer, and never the states of updates.
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { allComputers, unassignedComputers } from '../built-in-groups.ts';
import type { CountedAge, FleetFigures, FleetFilter, GroupCompliance, StatusAge } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { fleetReads } from '../declared-bounds.ts';
import { dayOf } from '../figures.ts';
import { sortBeforeList } from '../lists/computer-keys.ts';
import { failedReports } from '../migrations/0009-lists.ts';
import { isWithin } from '../reach/is-within.ts';

export function fleetFigureStore(database: Database): FleetFigures {
  const { tables } = database;
  return {
    async countCompliance({ silentSince, ...filter }) {
      const member = sql.ref('figures.computer_id');
      const counts = complianceOf(silentSince);
      const { rows } = await sql<ComplianceRow>`
        select coalesce(groups.group_id, ${unassignedComputers}) as group_id, ${counts}
        from computer_figures as figures left join computer_groups as groups on groups.computer_id = figures.computer_id
        where figures.known = 1 and ${chosen(member, filter)} group by 1`.execute(tables);
      const asked = filter.groupIds && !filter.groupIds.includes(allComputers) ? new Set(filter.groupIds) : undefined;
      const reached = filter.within && !filter.within.includes(allComputers) ? new Set(filter.within) : undefined;
      // A computer of these groups may be in others too.
      const shown = rows.filter(({ group_id }) => asked?.has(group_id) !== false && reached?.has(group_id) !== false);
      const groups = shown.map(toCompliance);
      if (asked || reached) return groups;
      const all = await sql<ComplianceRow>`
        select ${allComputers} as group_id, ${counts} from computer_figures as figures
        where figures.known = 1`.execute(tables);
      return [...all.rows.map(toCompliance), ...groups];
    },

    async countFailures({ since, ...filter }) {
      const most = sql.lit(fleetReads.maxFailures);
      const newest = sql`select win32_hresult, computer_id, update_id, received_at from reporting_events
        where ${sql.raw<SqlBool>(failedReports)} order by event_id desc limit ${most}`;
      const { rows } = await sql<FailureRow>`
        select win32_hresult as code, count(*) as failures, count(distinct computer_id) as computers,
          count(distinct update_id) as updates, max(received_at) as last_at
        from (${newest}) as newest
        where received_at >= ${since.getTime()} and ${chosen(sql.ref('newest.computer_id'), filter)}
        group by win32_hresult order by computers desc, failures desc, code`.execute(tables);
      const { rows: read } = await sql<{ failures: number; oldest: number | null }>`
        select count(*) as failures, min(received_at) as oldest from (${newest}) as newest`.execute(tables);
      const { failures = 0, oldest = null } = read[0] ?? {};
      return {
        items: rows.map((row) => ({
          ...{ code: row.code >>> 0, failures: Number(row.failures), computers: Number(row.computers) },
          ...{ updates: Number(row.updates), lastAt: new Date(Number(row.last_at)) },
        })),
        isCut: Number(failures) === fleetReads.maxFailures && Number(oldest) >= since.getTime(),
      };
    },

    async countAges(filter, now) {
      const reported = byAge(sql.ref('computers.scanned_at'), (days) => now.getTime() - days * dayMs);
      const { rows: reports } = await sql<AgeRow>`
        select ${reported} as age, count(*) as computers from computers
        where ${chosen(sql.ref('computers.computer_id'), filter)} group by 1`.execute(tables);
      const seen = byAge(sql.ref('figures.contact_day'), (days) => dayOf(now) - days + 1);
      const { rows: contacts } = await sql<AgeRow>`
        select ${seen} as age, count(*) as computers from computer_figures as figures
        where figures.known = 1 and ${chosen(sql.ref('figures.computer_id'), filter)} group by 1`.execute(tables);
      const of = (rows: readonly AgeRow[], age: StatusAge) =>
        Number(rows.find((row) => row.age === age)?.computers ?? 0);
      return ages.map((age): CountedAge => ({ age, reported: of(reports, age), seen: of(contacts, age) }));
    },

    async countSystems(filter) {
      await sortBeforeList(database);
      const { rows } = await sql<SystemRow>`
        select coalesce(one.os_name, one.os_description, one.os_version, '') as system,
          coalesce(one.os_version, '') as version, counted.computers
        from (select system_sort, count(*) as computers, min(computer_id) as computer_id from computers
          where ${chosen(sql.ref('computers.computer_id'), filter)} group by system_sort) as counted
        join computers as one on one.computer_id = counted.computer_id
        order by counted.computers desc, one.system_sort`.execute(tables);
      const { first, others } = beyondBound(rows);
      const items = first.map(({ system, version, computers }) => ({
        ...{ system: system.slice(0, fleetReads.maxTextLength), version: version.slice(0, fleetReads.maxTextLength) },
        computers: Number(computers),
      }));
      return others === 0 ? items : [...items, { system: '', version: '', computers: others }];
    },

    async countAgents(filter) {
      const { rows } = await sql<AgentRow>`
        select coalesce(agent_generation, 'unknown') as generation, coalesce(agent_version, '') as version,
          count(*) as computers
        from computers where ${chosen(sql.ref('computers.computer_id'), filter)}
        group by agent_generation, agent_version order by count(*) desc, 1, 2`.execute(tables);
      const { first, others } = beyondBound(rows);
      const items = first.map(({ generation, version, computers }) => ({
        ...{ generation, version: version.slice(0, fleetReads.maxTextLength), computers: Number(computers) },
      }));
      return others === 0 ? items : [...items, { generation: 'unknown', version: '', computers: others }];
    },

    async countConnectedHours(filter) {
      const days = sql`(one.last_contact - one.first_contact) / ${sql.lit(dayMs)}.0`;
      const hours = sql`rhythm.connected_ms / 3600000.0 / (${days})`;
      const step = sql`case ${sql.join(
        hourSteps.slice(1).map((to, at) => sql`when ${hours} < ${sql.lit(to)} then ${sql.lit(at)}`),
        sql` `,
      )} else ${sql.lit(hourSteps.length - 2)} end`;
      const isKnown = sql`coalesce(rhythm.gaps, 0) > 0 and ${days} >= 1`;
      const { rows } = await sql<{ step: number; computers: number }>`
        select case when ${isKnown} then ${step} else -1 end as step, count(*) as computers
        from computers as one left join computer_rhythms as rhythm on rhythm.computer_id = one.computer_id
        where ${chosen(sql.ref('one.computer_id'), filter)} group by 1`.execute(tables);
      const of = (wanted: number) => Number(rows.find(({ step: one }) => Number(one) === wanted)?.computers ?? 0);
      const items = hourSteps.slice(1).map((to, at) => ({ from: hourSteps[at] ?? 0, to, computers: of(at) }));
      return { items, unknown: of(-1) };
    },
  };
}

const dayMs = 86_400_000;

/** Below the last one is everything: a day has no more. */
const hourSteps = [0, 1, 2, 4, 8, 16, 24];

function chosen(computerId: RawBuilder<unknown>, { groupIds, within }: FleetFilter): RawBuilder<SqlBool> {
  const asked = groupIds ? isWithin(computerId, groupIds) : sql<SqlBool>`1 = 1`;
  return within ? sql`${asked} and ${isWithin(computerId, within)}` : asked;
}

const complianceOf = (silentSince: Date) => sql`count(*) as computers,
  sum(case when figures.reported = 1 and figures.needed = 0 and figures.failed = 0 then 1 else 0 end) as up_to_date,
  sum(case when figures.needed > 0 then 1 else 0 end) as needing,
  sum(case when figures.failed > 0 then 1 else 0 end) as failing,
  sum(case when figures.reported = 1 then 0 else 1 end) as never_reported,
  sum(case when figures.contact_day < ${dayOf(silentSince)} then 1 else 0 end) as silent`;

interface ComplianceRow {
  group_id: string;
  computers: number;
  up_to_date: number | null;
  needing: number | null;
  failing: number | null;
  never_reported: number | null;
  silent: number | null;
}

function toCompliance(row: ComplianceRow): GroupCompliance {
  const number = (value: number | null) => Number(value ?? 0);
  return {
    ...{ groupId: row.group_id, computers: number(row.computers), upToDate: number(row.up_to_date) },
    ...{ needing: number(row.needing), failing: number(row.failing) },
    ...{ neverReported: number(row.never_reported), silent: number(row.silent) },
  };
}

interface FailureRow {
  code: number;
  failures: number;
  computers: number;
  updates: number;
  last_at: number;
}

const ages: readonly StatusAge[] = ['day', 'week', 'month', 'quarter', 'longer', 'never'];
const daysOfAge = { day: 1, week: 7, month: 30, quarter: 90 } as const;

interface AgeRow {
  age: StatusAge;
  computers: number;
}

/** `since`: what the column has at least, if it is no older than so many days. */
function byAge(column: RawBuilder<unknown>, since: (days: number) => number): RawBuilder<StatusAge> {
  const cases = Object.entries(daysOfAge).map(
    ([age, days]) => sql`when ${column} >= ${sql.lit(since(days))} then ${sql.lit(age)}`,
  );
  return sql`case when ${column} is null then 'never' ${sql.join(cases, sql` `)} else 'longer' end`;
}

interface SystemRow {
  system: string;
  version: string;
  computers: number;
}

interface AgentRow {
  generation: 'sus' | 'wsus' | 'unknown';
  version: string;
  computers: number;
}

/** A client may call its version anything: ten thousand of them must not become ten thousand lines. */
function beyondBound<Row extends { computers: number }>(rows: readonly Row[]): { first: Row[]; others: number } {
  const others = rows.slice(fleetReads.maxRows).reduce((sum, { computers }) => sum + Number(computers), 0);
  return { first: rows.slice(0, fleetReads.maxRows), others };
}
