// Computers for administrators: filtered, sorted, page by page.
import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import { beginningOf } from '../bounds.ts';
import { allComputers, unassignedComputers } from '../built-in-groups.ts';
import { groupNamesOf } from '../computer-list.ts';
import type {
  ComputerFilter,
  ComputerSort,
  ListStore,
  Page,
  PagedComputer,
  PageRequest,
  Sorted,
  UpdateState,
} from '../contract/index.ts';
import type { Database } from '../database.ts';
import { textBytes } from '../declared-bounds.ts';
import { dayOf, loadFigures } from '../figures.ts';
import { isWithin } from '../reach/is-within.ts';
import type { Tables } from '../schema.ts';
import { updateStates } from '../update-status.ts';
import { sortBeforeList, sortComputers } from './computer-keys.ts';
import {
  allOf,
  beginningWith,
  behindCursor,
  byNumber,
  byText,
  cutPage,
  limited,
  type Order,
  partOf,
  type SortKey,
  sorted,
} from './page.ts';
import { readRows } from './read-rows.ts';
import { stateOf } from './states.ts';

export const computerSorts: readonly ComputerSort[] = [
  ...(['name', 'address', 'agent', 'system', 'last-contact', 'last-sync', 'last-report', 'needed', 'failed'] as const),
];

export function computerPages(database: Database): Pick<ListStore, 'pageComputers' | 'sortComputers'> {
  const { tables } = database;
  return {
    sortComputers: () => sortComputers(database),

    async pageComputers(
      filter: ComputerFilter,
      { sort = 'name', isDescending = false, ...request }: PageRequest & Sorted<ComputerSort>,
    ): Promise<Page<PagedComputer>> {
      await sortBeforeList(database);
      const order: Order = { name: sort, by: [...sorts[sort], byText(sql.ref('computers.computer_id'))], isDescending };
      const statement = sql<Row & Record<string, string | number>>`
        select ${columns()}, ${stateColumns(filter)}, ${keyColumns(order, request)}
        from ${joined(filter)} where ${allOf([...conditions(filter), ...behindCursor(order, request.cursor)])}
        order by ${sorted(order)} ${limited(request.limit)}`;
      const { rows: found } = await readRows(database, statement, request.limit);
      const keyOf = (row: Record<string, string | number>) =>
        order.by.map(({ is }, at) => (is === 'number' ? Number(row[`key_${at}`]) : String(row[`key_${at}`])));
      const { rows, next } = cutPage(found, request, order, keyOf);
      const ids = rows.map(({ computer_id }) => computer_id);
      const groups = await groupNamesOf(tables, ids);
      return { items: rows.map((row) => toPaged(row, groups)), total: await countComputers(tables, filter), next };
    },
  };
}

/** How many computers the filter finds. */
async function countComputers(tables: Kysely<Tables>, filter: ComputerFilter): Promise<number> {
  const wanted = conditions(filter);
  if (wanted.length === 0) return (await loadFigures(tables)).known;
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ${joined(filter)} where ${allOf(wanted)}`.execute(tables);
  return Number(rows[0]?.count ?? 0);
}

const system = sql`coalesce(computers.os_name, computers.os_description, computers.os_version, '')`;
const needed = sql`coalesce(figures.needed, 0)`;
const failed = sql`coalesce(figures.failed, 0)`;

const sorts: Readonly<Record<ComputerSort, readonly SortKey[]>> = {
  name: [byText(sql.ref('computers.name_sort'))],
  address: [byText(sql.ref('computers.address_sort'))],
  agent: [byText(sql.ref('computers.agent_sort'))],
  system: [byText(sql.ref('computers.system_sort'))],
  'last-contact': [byNumber(sql.ref('computers.last_contact'))],
  'last-sync': [byNumber(sql`coalesce(computers.last_sync, 0)`)],
  'last-report': [byNumber(sql`coalesce(computers.last_report, 0)`)],
  needed: [byNumber(needed)],
  failed: [byNumber(failed)],
};

function joined({ update }: ComputerFilter): RawBuilder<unknown> {
  const all = sql`computers left join computer_figures as figures on figures.computer_id = computers.computer_id`;
  if (!update) return all;
  return sql`${all} join updates as wanted on wanted.update_id = ${update.updateId}
    left join computer_update_status as status
      on status.computer_id = computers.computer_id and status.update_id = wanted.update_id`;
}

function conditions(filter: ComputerFilter): RawBuilder<SqlBool>[] {
  const { search, groupIds, agent, isNeeding, isFailing, silentSince, update } = filter;
  const found: RawBuilder<SqlBool>[] = [];
  if (search !== undefined && search !== '') {
    const part = partOf(search.toLowerCase());
    found.push(sql`(lower(computers.dns_name) like ${part} escape '\\' or computers.address like ${part} escape '\\')`);
  }
  if (groupIds && !groupIds.includes(allComputers)) found.push(inGroups(groupIds));
  if (filter.within) found.push(isWithin(sql.ref('computers.computer_id'), filter.within));
  if (agent !== undefined) found.push(ofAgent(agent));
  if (filter.system !== undefined && filter.system !== '')
    found.push(sql`lower(${system}) like ${partOf(filter.system.toLowerCase())} escape '\\'`);
  if (isNeeding) found.push(sql`figures.needed > 0`);
  if (isFailing) found.push(sql`figures.failed > 0`);
  if (silentSince) found.push(sql`figures.contact_day < ${dayOf(silentSince)}`);
  if (update?.states?.every(isReported)) found.push(reportedOn(update.updateId, update.states));
  if (update?.states) found.push(sql`${stateOf} in (${sql.join(update.states.map((state) => updateStates[state]))})`);
  return found;
}

/** The other two are what a computer did not report. */
function isReported(state: UpdateState): boolean {
  return state !== 'unknown' && state !== 'notApplicable';
}

/** Found by the index of the update. The state itself is asked for beside it. */
function reportedOn(updateId: string, states: readonly UpdateState[]): RawBuilder<SqlBool> {
  const numbers = sql.join(states.map((state) => updateStates[state]));
  return sql`computers.computer_id in (
    select reported.computer_id from computer_update_status as reported
    where reported.update_id = ${updateId} and reported.state in (${numbers}))`;
}

/** The members are looked up by their group: to ask each computer takes long when there are many, and few are members. */
function inGroups(groupIds: readonly string[]): RawBuilder<SqlBool> {
  const own = sql`computer_groups.computer_id = computers.computer_id`;
  const inOne = sql<SqlBool>`computers.computer_id in (
    select computer_id from computer_groups where group_id in (${sql.join(groupIds)}))`;
  if (!groupIds.includes(unassignedComputers)) return inOne;
  return sql`(${inOne} or not exists (select 1 from computer_groups where ${own}))`;
}

function ofAgent(agent: string): RawBuilder<SqlBool> {
  const text = agent.toLowerCase();
  if (text === 'unknown') return sql`computers.agent_generation is null`;
  if (text === 'sus' || text === 'wsus') return sql`computers.agent_generation = ${text}`;
  return sql`lower(coalesce(computers.agent_version, '')) like ${beginningWith(text)} escape '\\'`;
}

function stateColumns({ update }: ComputerFilter): RawBuilder<unknown> {
  return update ? sql`${stateOf} as state, status.changed_at as state_since` : sql`null as state, null as state_since`;
}

/** A list without a limit has no next page, and needs none. */
function keyColumns({ by }: Order, { limit }: PageRequest): RawBuilder<unknown> {
  if (limit === undefined) return sql`null as key_0`;
  return sql.join(by.map(({ expression }, at) => sql`${expression} as ${sql.id(`key_${at}`)}`));
}

// Made again each time: bounds may have been set since this was loaded.
const columns =
  () => sql`computers.computer_id, computers.address, agent_generation, agent_version, os_version, os_name,
  last_contact, last_sync, last_report, identity_changes, identity_changed_at, shared_at, ${needed} as needed,
  ${failed} as failed, ${beginningOf('computers.dns_name', textBytes.name)} as dns_name,
  ${beginningOf('computers.requested_groups', textBytes.requestedGroups)} as requested_groups,
  ${beginningOf('computers.os_description', textBytes.fact)} as os_description`;

interface Row {
  computer_id: string;
  dns_name: string;
  address: string;
  agent_generation: string | null;
  agent_version: string | null;
  os_version: string | null;
  os_name: string | null;
  os_description: string | null;
  requested_groups: string;
  last_contact: number;
  last_sync: number | null;
  last_report: number | null;
  identity_changes: number;
  identity_changed_at: number | null;
  shared_at: number | null;
  needed: number;
  failed: number;
  state: number | null;
  state_since: number | null;
}

function toPaged(row: Row, groups: ReadonlyMap<string, string[]>): PagedComputer {
  const time = (at: number | null) => (at === null ? undefined : new Date(Number(at)));
  return {
    computerId: row.computer_id,
    dnsName: row.dns_name,
    address: row.address,
    agentGeneration: row.agent_generation ?? undefined,
    agentVersion: row.agent_version ?? undefined,
    osVersion: row.os_version ?? undefined,
    osName: row.os_name ?? undefined,
    osDescription: row.os_description ?? undefined,
    lastContact: new Date(Number(row.last_contact)),
    lastSync: time(row.last_sync),
    lastReport: time(row.last_report),
    groups: groups.get(row.computer_id) ?? ['Unassigned Computers'],
    requestedGroups: row.requested_groups === '' ? [] : row.requested_groups.split(';'),
    identityChanges: row.identity_changes,
    identityChangedAt: time(row.identity_changed_at),
    sharedAt: time(row.shared_at),
    needed: Number(row.needed),
    failed: Number(row.failed),
    ...(row.state === null ? {} : { state: nameOfState(row.state), stateSince: time(row.state_since) }),
  };
}

function nameOfState(number: number): UpdateState {
  const found = Object.entries(updateStates).find(([, one]) => one === Number(number));
  return (found?.[0] ?? 'unknown') as UpdateState;
}
