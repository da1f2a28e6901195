// Approvals: an action for an update in a group, and declined updates.
import type { DeploymentAction, TargetGroup } from '@moult/store';
import { AdministrationError } from './errors.ts';
import { findDecidable, findGroup } from './find.ts';
import type { Administration } from './open-server.ts';

interface Approval {
  /** As findUpdate takes it. */
  update: string;
  /** Names or ids; All Computers where none is named. */
  groups?: readonly string[] | undefined;
  /** Inherit takes back what was decided for a group: what its parent has holds again. */
  action: DeploymentAction | 'Inherit';
  deadline?: Date | undefined;
}

interface Approved {
  updateId: string;
  title: string;
  action: Approval['action'];
  deadline: Date | undefined;
  groups: { groupId: string; name: string }[];
}

/**
 * Decides what happens to an update in each group, in place of what was decided before; that also ends a decline. All
 * names are looked up before anything is decided. Throws AdministrationError SERVER_NOT_FOUND for the update or a group,
 * SERVER_REFUSED for what nobody decides on, ADMINISTRATION_NO_PARENT where there is nothing to inherit from.
 */
export async function approve(
  { store, author }: Administration,
  { update, groups: names, action, deadline }: Approval,
): Promise<Approved> {
  const { updateId, title } = await findDecidable(store, update);
  const groups: TargetGroup[] = [];
  for (const name of names ?? ['All Computers']) {
    const group = await findGroup(store, name);
    if (!groups.some(({ groupId }) => groupId === group.groupId)) groups.push(group);
  }
  if (action === 'Inherit' && groups.some(({ parentId }) => parentId === undefined)) {
    throw new AdministrationError(
      'ADMINISTRATION_NO_PARENT',
      'All Computers is inside of no group: it has no decision to inherit.',
    );
  }
  for (const { groupId } of groups) {
    await store.deploy({ updateId, groupId, action, deadline, administrator: author.name }, author.at);
  }
  return { updateId, title, action, deadline, groups: groups.map(({ groupId, name }) => ({ groupId, name })) };
}

/** Offers the update to nobody, or lets its decisions count again. Throws as approve does. */
export async function decline(
  { store, author }: Administration,
  update: string,
  isDeclined: boolean,
): Promise<{ updateId: string; title: string; isDeclined: boolean }> {
  const { updateId, title } = await findDecidable(store, update);
  await store.setDeclined(updateId, isDeclined, author);
  return { updateId, title, isDeclined };
}
