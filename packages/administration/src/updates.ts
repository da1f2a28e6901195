// Updates: which can be approved, which decisions there are, and the states on the computers.
import type { ListedRevision, Store, StoredDeployment } from '@moult/store';
import { findUpdate } from './find.ts';
import type { Administration } from './open-server.ts';

export type ApprovalState = 'approved' | 'unapproved' | 'declined';

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

interface ListedUpdate
  extends Pick<ListedRevision, 'updateId' | 'revisionNumber' | 'title' | 'updateType' | 'importedAt'> {
  approval: ApprovalState;
  isSuperseded: boolean;
  decisions: Decision[];
}

/** By title. `approval` and `isSuperseded` narrow it; `limit` counts what is left. */
export async function listUpdates(
  { store }: Administration,
  wanted: {
    search?: string | undefined;
    approval?: ApprovalState | undefined;
    isSuperseded?: true | undefined;
    limit: number;
  },
): Promise<ListedUpdate[]> {
  const found = await store.listUpdates({ search: wanted.search, limit: everything });
  const supersededBy = await store.loadSupersededBy();
  const decisions = Map.groupBy(
    await describeDecisions(store, await store.loadDeployments()),
    ({ updateId }) => updateId,
  );
  return found
    .map(({ updateId, revisionNumber, title, updateType, importedAt, isDeclined }): ListedUpdate => {
      const decided = decisions.get(updateId) ?? [];
      const approval = isDeclined ? 'declined' : decided.some(isApproval) ? 'approved' : 'unapproved';
      const isSuperseded = supersededBy.has(updateId);
      return { updateId, revisionNumber, title, updateType, importedAt, approval, isSuperseded, decisions: decided };
    })
    .filter(({ approval }) => wanted.approval === undefined || approval === wanted.approval)
    .filter(({ isSuperseded }) => wanted.isSuperseded === undefined || isSuperseded)
    .slice(0, wanted.limit);
}

/** One update: decisions by group, states by number of computers. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showUpdate({ store }: Administration, update: string) {
  const found = await findUpdate(store, update);
  const decisions = await describeDecisions(store, await store.listDeploymentsOf(found.updateId));
  const supersededBy = await namesOf(store, (await store.loadSupersededBy()).get(found.updateId) ?? []);
  return { ...found, supersededBy, decisions, states: await store.countStates(found.updateId) };
}

/** By title, as they are called in their newest revision. */
async function namesOf(store: Store, updateIds: Iterable<string>): Promise<{ updateId: string; title: string }[]> {
  const named: { updateId: string; title: string }[] = [];
  for (const updateId of updateIds) {
    named.push({ updateId, title: (await store.findRevisions(updateId)).at(-1)?.title ?? '' });
  }
  return named.sort((a, b) => a.title.localeCompare(b.title));
}

const everything = 1_000_000;

function isApproval({ action }: { action: string }): boolean {
  return action === 'Install' || action === 'OptionalInstall' || action === 'Uninstall';
}

async function describeDecisions(store: Store, deployments: readonly StoredDeployment[]): Promise<Decision[]> {
  const names = new Map((await store.loadGroups()).map(({ groupId, name }) => [groupId, name]));
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
