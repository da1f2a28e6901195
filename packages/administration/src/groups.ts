// Target groups: a tree under All Computers. The store itself holds the rules that another writer could break.
import type { TargetGroup } from '@moult/store';
import { asAdministrationError } from './errors.ts';
import { findGroup } from './find.ts';
import type { Administration } from './open-server.ts';

/** Makes a group inside of `parent`. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function addGroup(
  { store, author }: Administration,
  name: string,
  parent = 'All Computers',
): Promise<TargetGroup> {
  const { groupId } = await findGroup(store, parent);
  return refusing(store.createGroup(name, groupId, author));
}

/** What was approved for it stays. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function renameGroup(
  { store, author }: Administration,
  group: string,
  name: string,
): Promise<TargetGroup> {
  const { groupId } = await findGroup(store, group);
  return refusing(store.renameGroup(groupId, name, author));
}

/** Its computers go back to Unassigned Computers. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function removeGroup({ store, author }: Administration, group: string): Promise<TargetGroup> {
  const { groupId } = await findGroup(store, group);
  return refusing(store.removeGroup(groupId, author));
}

async function refusing<Result>(change: Promise<Result>): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    throw asAdministrationError(error, 'group');
  }
}
