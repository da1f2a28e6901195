// Target groups: a tree under All Computers. The store itself holds the rules that another writer could break.
import { isTimeZone } from '@moult/catalog/rules';
import { type CountedGroup, type Page, pageOf, type TargetGroup } from '@moult/store';
import { AdministrationError, asAdministrationError } from './errors.ts';
import { findGroup } from './find.ts';
import type { Administration } from './open-server.ts';
import { type ListRequest, paged, toPageRequest } from './pages.ts';
import { requireAutonomous } from './role.ts';

/** By name. `search`: a part of it. Throws AdministrationError SERVER_REFUSED for a cursor of another list. */
export async function listGroups(
  { store }: Administration,
  { search = '', ...request }: ListRequest & { search?: string | undefined },
): Promise<Page<CountedGroup>> {
  const all = await store.countGroups();
  const found = all.filter(({ name }) => name.toLowerCase().includes(search.trim().toLowerCase()));
  return paged((async () => pageOf('groups', found, toPageRequest(request), ({ groupId }) => groupId))());
}

/** Makes a group inside of `parent`. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function addGroup(
  administration: Administration,
  name: string,
  parent = 'All Computers',
): Promise<TargetGroup> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const { groupId } = await findGroup(store, parent);
  return refusing(store.createGroup(name, groupId, author));
}

/** The group keeps its approvals. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function renameGroup(administration: Administration, group: string, name: string): Promise<TargetGroup> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const { groupId } = await findGroup(store, group);
  return refusing(store.renameGroup(groupId, name, author));
}

/**
 * The time zone of its computers, for times of day. Undefined: that of its parent group. Throws AdministrationError
 * SERVER_NOT_FOUND, SERVER_REFUSED for an unknown zone.
 */
export async function setTimeZone(
  { store, author }: Administration,
  group: string,
  timeZone: string | undefined,
): Promise<TargetGroup> {
  const found = await findGroup(store, group);
  if (timeZone !== undefined && !isTimeZone(timeZone))
    throw new AdministrationError('SERVER_REFUSED', `"${timeZone}" is not a time zone. Write one as Europe/Berlin.`);
  await store.setTimeZone(found.groupId, timeZone, author);
  return found;
}

/** Its computers go back to Unassigned Computers. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function removeGroup(administration: Administration, group: string): Promise<TargetGroup> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const { groupId } = await findGroup(store, group);
  return refusing(store.removeGroup(groupId, author));
}

/** The same for several. All names are looked up before the first group goes. */
export async function removeGroups(administration: Administration, groups: readonly string[]): Promise<TargetGroup[]> {
  const found = new Set<string>();
  for (const group of groups) found.add((await findGroup(administration.store, group)).groupId);
  const removed: TargetGroup[] = [];
  for (const groupId of found) removed.push(await removeGroup(administration, groupId));
  return removed;
}

async function refusing<Result>(change: Promise<Result>): Promise<Result> {
  try {
    return await change;
  } catch (error) {
    throw asAdministrationError(error, 'group');
  }
}
