// Reports about the whole fleet: how far it is, what it lacks, and what failed. The figures are kept as things change, so none of
// these reads the states of all updates on all computers.
import {
  allComputers,
  type CountedAge,
  type CountedAgent,
  type CountedFailure,
  type CountedHours,
  type CountedSystem,
  compareNames,
  type FleetFilter,
  type GroupCompliance,
  type Page,
  type PagedUpdate,
  pageOf,
  type Severity,
} from '@moult/store';
import { listComputers } from '../computers.ts';
import type { Administration } from '../open-server.ts';
import { groupIdsOf, type ListRequest, paged, toPageRequest } from '../pages.ts';
import { filterOf } from '../updates.ts';

/** Which computers a report is about. Throws AdministrationError SERVER_NOT_FOUND for a group that is not there: so do all here. */
interface FleetQuery extends ListRequest {
  /** Names or ids: computers directly in one of them. */
  groups?: readonly string[] | undefined;
  /** Also those in groups inside of these. */
  below?: boolean | undefined;
}

export interface ReportedGroup extends GroupCompliance {
  group: string;
  /** Computers that are up to date, in percent of those that reported. Undefined if none did. */
  percent: number | undefined;
}

/** Each group that has computers, by name, and All Computers first. `days`: without a contact for so long, it is silent. */
export async function reportCompliance(
  { store, author }: Administration,
  { days, ...query }: FleetQuery & { days: number },
): Promise<Page<ReportedGroup>> {
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
  const silentSince = daysBefore(author.at, days);
  const counted = await store.countCompliance({ ...(await filterIn({ store }, query)), silentSince });
  const groups = counted
    .map((one) => ({
      ...{ ...one, group: names.get(one.groupId) ?? one.groupId },
      percent: percentOf(one.upToDate, one.computers - one.neverReported),
    }))
    .sort((one, other) => Number(isAll(other)) - Number(isAll(one)) || compareNames(one.group, other.group));
  return wholePage('compliance', groups, query, ({ groupId }) => groupId);
}

function isAll({ groupId }: { groupId: string }): boolean {
  return groupId === allComputers;
}

export interface ReportedDay extends Omit<ReportedGroup, 'groupId'> {
  /** `2026-12-03`, in UTC. */
  day: string;
  groupId: string;
}

/** How far groups were on each day, the oldest day first. Without groups: All Computers. */
export async function reportHistory(
  { store, author }: Administration,
  { days, ...query }: FleetQuery & { days: number },
): Promise<Page<ReportedDay>> {
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
  const { groupIds } = await filterIn({ store }, query);
  const from = daysBefore(author.at, days - 1);
  const items = (await store.loadGroupDays({ from, to: author.at, groupIds }))
    .map(({ day, ...one }) => ({
      ...{ day: new Date(day * dayMs).toISOString().slice(0, 10), ...one },
      group: names.get(one.groupId) ?? one.groupId,
      percent: percentOf(one.upToDate, one.computers - one.neverReported),
    }))
    .sort((one, other) => one.day.localeCompare(other.day) || compareNames(one.group, other.group));
  return wholePage('history', items, query, ({ day, groupId }) => `${day} ${groupId}`);
}

/** To one place, and 100 only if nothing is left. */
function percentOf(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : Math.floor((part / whole) * 1000) / 10;
}

interface NeededQuery extends ListRequest {
  /** Names or ids of categories. */
  classification?: string | undefined;
  product?: string | undefined;
  severities?: readonly Severity[] | undefined;
  /** Came into the catalog since then. */
  since?: Date | undefined;
}

/** Updates that computers need and that are not decided on. Those first that most computers need. */
export async function reportNeeded(
  { store, author }: Administration,
  { since, ...query }: NeededQuery,
): Promise<Page<PagedUpdate>> {
  const { classification, product, severities } = query;
  const choice = { classification, product, severities, isNeeded: true, approval: 'unapproved' as const };
  const filter = { ...(await filterOf(store, choice, author.at)), importedSince: since };
  return paged(store.pageUpdates(filter, { ...toPageRequest(query), sort: 'needed', isDescending: true }));
}

/** Failures by their code, since then. `isCut`: there were more than are read. */
export async function reportFailures(
  { store }: Administration,
  { since, ...query }: FleetQuery & { since: Date },
): Promise<Page<CountedFailure> & { isCut: boolean }> {
  const { items, isCut } = await store.countFailures({ ...(await filterIn({ store }, query)), since });
  return { ...(await wholePage('failures', items, query, ({ code }) => String(code))), isCut };
}

export interface SilentComputer {
  computerId: string;
  dnsName: string;
  address: string;
  agentVersion: string | undefined;
  lastContact: Date;
  lastReport: Date | undefined;
  /** Whole days since the last contact. */
  days: number;
  groups: string[];
}

/** Computers without a contact for so many days, the longest silence first. */
export async function reportSilent(
  administration: Administration,
  { days, ...query }: FleetQuery & { days: number },
): Promise<Page<SilentComputer>> {
  const page = await listComputers(administration, { ...query, silentDays: days, sort: 'last-contact' });
  const now = administration.author.at.getTime();
  return {
    ...page,
    items: page.items.map((one) => ({
      ...{ computerId: one.computerId, dnsName: one.dnsName, address: one.address, agentVersion: one.agentVersion },
      ...{ lastContact: one.lastContact, lastReport: one.lastReport, groups: one.groups },
      days: Math.floor((now - one.lastContact.getTime()) / dayMs),
    })),
  };
}

/** How old the last status reports and the last contacts are. */
export async function reportAges({ store, author }: Administration, query: FleetQuery): Promise<Page<CountedAge>> {
  return wholePage('ages', await store.countAges(await filterIn({ store }, query), author.at), query, ({ age }) => age);
}

/** Computers by system: the feature releases of Windows. */
export async function reportSystems({ store }: Administration, query: FleetQuery): Promise<Page<CountedSystem>> {
  const items = await store.countSystems(await filterIn({ store }, query));
  return wholePage('systems', items, query, ({ system, version }) => `${system} ${version}`);
}

/** Computers by the generation and version of their agent. */
export async function reportAgents({ store }: Administration, query: FleetQuery): Promise<Page<CountedAgent>> {
  const items = await store.countAgents(await filterIn({ store }, query));
  return wholePage('agents', items, query, ({ generation, version }) => `${generation} ${version}`);
}

/** Computers by the hours on a day at which they are connected. `unknown`: those that were not here often enough. */
export async function reportHours(
  { store }: Administration,
  query: FleetQuery,
): Promise<Page<CountedHours> & { unknown: number }> {
  const { items, unknown } = await store.countConnectedHours(await filterIn({ store }, query));
  return { ...(await wholePage('hours', items, query, ({ from }) => String(from))), unknown };
}

const dayMs = 86_400_000;

function daysBefore(now: Date, days: number): Date {
  return new Date(now.getTime() - days * dayMs);
}

async function filterIn({ store }: Pick<Administration, 'store'>, { groups, below }: FleetQuery): Promise<FleetFilter> {
  return { groupIds: groups && (await groupIdsOf(store, groups, { below: below ?? false })) };
}

function wholePage<Item>(
  name: string,
  items: readonly Item[],
  request: ListRequest,
  idOf: (item: Item) => string,
): Promise<Page<Item>> {
  return paged((async () => pageOf(`fleet-${name}`, items, toPageRequest(request), idOf))());
}
