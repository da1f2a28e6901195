// Computers: which there are, in which groups, and which share an identity.
import type { ClonedIdentity, KnownComputer, ListedComputer, ListedIdentityChange, Store } from '@moult/store';
import { asAdministrationError } from './errors.ts';
import { findComputer, findGroup, guidIn } from './find.ts';
import type { Administration } from './open-server.ts';

type States = Awaited<ReturnType<Store['listStatesOf']>>;

type ComputerDetails = KnownComputer &
  Partial<ListedComputer> & {
    updates: States;
    identity: Pick<ListedIdentityChange, 'at' | 'aspect' | 'before' | 'after'>[];
  };

/** By name, at most `limit`; with `group` those directly in it. Throws AdministrationError SERVER_NOT_FOUND. */
export async function listComputers(
  { store }: Administration,
  { group, limit }: { group?: string | undefined; limit: number },
): Promise<ListedComputer[]> {
  const inside = group === undefined ? undefined : await findGroup(store, group);
  return store.listComputers({ groupId: inside?.groupId, limit });
}

/** One computer, the states of its updates, and how its identity changed. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showComputer({ store }: Administration, computer: string): Promise<ComputerDetails> {
  const found = await findComputer(store, computer);
  const listed = await store.findListedComputer(found.computerId);
  const changes = await store.listIdentityChanges({ computerId: found.computerId, limit: 100 });
  return {
    ...{ ...found, ...listed, updates: await store.listStatesOf(found.computerId) },
    identity: changes.map(({ at, aspect, before, after }) => ({ at, aspect, before, after })),
  };
}

interface Membership {
  computerId: string;
  dnsName: string;
  groupId: string;
  group: string;
  isMember: boolean;
  /** With client-side targeting, policy on the computer says again at its next contact which groups it is in. */
  isTemporary: boolean;
}

/** Puts a computer into a group or takes it out. Throws AdministrationError SERVER_NOT_FOUND, SERVER_REFUSED. */
export async function setMembership(
  { store, server, author }: Administration,
  { computer, group, isMember }: { computer: string; group: string; isMember: boolean },
): Promise<Membership> {
  const { computerId, dnsName } = await findComputer(store, computer);
  const { groupId, name } = await findGroup(store, group);
  try {
    await store.setMembership(computerId, groupId, isMember, author);
  } catch (error) {
    throw asAdministrationError(error, 'group');
  }
  return { computerId, dnsName, groupId, group: name, isMember, isTemporary: server.config.targeting === 'client' };
}

/** Identities that several computers used within the last `days`: copies of one disk. */
export function listClones(
  { store, author }: Administration,
  { days, limit }: { days: number; limit: number },
): Promise<ClonedIdentity[]> {
  return store.listClones(new Date(author.at.getTime() - days * 86_400_000), limit);
}

/**
 * Forgets a computer with all that it left behind, also one of whose id nothing is left but its events. It comes back
 * with its next contact. Throws AdministrationError SERVER_NOT_FOUND.
 */
export async function removeComputer({ store, author }: Administration, computer: string) {
  const computerId = guidIn(computer) ?? (await findComputer(store, computer)).computerId;
  try {
    return { computerId, ...(await store.removeComputer(computerId, author)) };
  } catch (error) {
    throw asAdministrationError(error, 'computer');
  }
}
