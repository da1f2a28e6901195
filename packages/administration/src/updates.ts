// Updates: which can be approved, which decisions there are, and the states on the computers.
import {
  type ApprovalState,
  allComputers,
  compareNames,
  type Page,
  type PagedUpdate,
  type Severity,
  type Store,
  type StoredDeployment,
  type UpdateFilter,
  type UpdateSort,
} from '@moult/store';
import { articleIn, findGroup, findUpdate } from './find.ts';
import type { Administration } from './open-server.ts';
import { categoryIdsOf, type ListRequest, paged, toPageRequest } from './pages.ts';

export type { ApprovalState } from '@moult/store';

interface Decision {
  updateId: string;
  groupId: string;
  /** The name of the group. */
  group: string;
  action: StoredDeployment['action'];
  deadline: Date | undefined;
  changedAt: Date;
  administrator: string;
}

export interface ListedUpdate extends PagedUpdate {
  decisions: Decision[];
}

/** Which updates. */
export interface UpdateChoice {
  /** A part of the title. */
  search?: string | undefined;
  /** These alone, by id. */
  updateIds?: readonly string[] | undefined;
  /** `KB5034441` or `5034441`. */
  article?: string | undefined;
  /** Names or ids of categories. */
  classification?: string | undefined;
  product?: string | undefined;
  severities?: readonly Severity[] | undefined;
  approval?: ApprovalState | undefined;
  /** Approved for this group itself, by name or id. */
  group?: string | undefined;
  isSuperseded?: boolean | undefined;
  /** Its publisher expired the newest revision. */
  isExpired?: boolean | undefined;
  isNeeded?: boolean | undefined;
  isFailed?: boolean | undefined;
  /** Came into the catalog within so many days. */
  newDays?: number | undefined;
}

interface UpdateQuery extends UpdateChoice, ListRequest {
  sort?: UpdateSort | undefined;
  isDescending?: boolean | undefined;
}

/** Throws AdministrationError SERVER_NOT_FOUND for a category or a group, SERVER_REFUSED for a cursor of another list. */
export async function listUpdates({ store, author }: Administration, query: UpdateQuery): Promise<Page<ListedUpdate>> {
  const filter = await filterOf(store, query, author.at);
  const sorted = { sort: query.sort ?? 'title', isDescending: query.isDescending ?? false };
  const { items, ...page } = await paged(store.pageUpdates(filter, { ...toPageRequest(query), ...sorted }));
  const decisions = await decisionsOn(
    store,
    items.map(({ updateId }) => updateId),
  );
  return { items: items.map((item) => ({ ...item, decisions: decisions.get(item.updateId) ?? [] })), ...page };
}

/** As the store takes it. Throws AdministrationError SERVER_NOT_FOUND for a category or a group. */
export async function filterOf(store: Store, query: UpdateChoice, now: Date): Promise<UpdateFilter> {
  const { search, article, classification, product, severities, approval, group, newDays } = query;
  const { updateIds, isSuperseded, isExpired, isNeeded, isFailed } = query;
  const categoryIds: string[][] = [];
  if (classification !== undefined) categoryIds.push(await categoryIdsOf(store, 'classification', classification));
  if (product !== undefined) categoryIds.push(await categoryIdsOf(store, 'product', product));
  return {
    ...{ search, updateIds, categoryIds, severities, approval, isSuperseded, isExpired, isNeeded, isFailed },
    article: article === undefined ? undefined : (articleIn(article) ?? article),
    groupId: group === undefined ? undefined : (await findGroup(store, group)).groupId,
    importedSince: newDays === undefined ? undefined : new Date(now.getTime() - newDays * 86_400_000),
  };
}

/** One update: decisions by group, states by number of computers. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showUpdate({ store }: Administration, update: string) {
  const found = await findUpdate(store, update);
  const decisions = await describeDecisions(store, await store.listDeploymentsOf(found.updateId));
  const supersededBy = await store.listSupersedersOf(found.updateId);
  const [states, downstream] = [await store.countStates(found.updateId), await store.countDownstreamOf(found.updateId)];
  return { ...found, supersededBy, decisions, states, downstream };
}

/** How many computers of each group reported which state of an update. Throws AdministrationError SERVER_NOT_FOUND. */
export async function countByGroup({ store }: Administration, update: string) {
  const { updateId } = await findUpdate(store, update);
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
  const counted = await store.countStatesByGroup(updateId);
  return counted
    .map(({ groupId, states }) => ({
      ...{ groupId, group: names.get(groupId) ?? groupId, failed: states.failed, installed: states.installed },
      needed: states.notInstalled + states.downloaded + states.pendingReboot,
    }))
    .sort((one, other) => compareNames(one.group, other.group));
}

/** Updates that one statement names. For more, all decisions are read. */
const namedTogether = 200;

async function decisionsOn(store: Store, updateIds: readonly string[]): Promise<Map<string, Decision[]>> {
  const isMany = updateIds.length > namedTogether;
  const found = await (isMany ? store.loadDeployments() : store.listDeploymentsOf(updateIds));
  return Map.groupBy(await describeDecisions(store, found), ({ updateId }) => updateId);
}

async function describeDecisions(store: Store, deployments: readonly StoredDeployment[]): Promise<Decision[]> {
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
  // For an account that reaches some groups, it is not one of them. Its decisions are shown.
  if (!names.has(allComputers)) names.set(allComputers, 'All Computers');
  return deployments.map(({ updateId, groupId, action, deadline, changedAt, administrator }) => ({
    updateId,
    groupId,
    group: names.get(groupId) ?? groupId,
    action,
    deadline,
    changedAt: new Date(changedAt),
    administrator,
  }));
}
