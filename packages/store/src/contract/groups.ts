// The contract for target groups.
import type { TargetGroup } from '@moult/catalog';
import type { Author } from './audit.ts';

export type { TargetGroup } from '@moult/catalog';

export interface CountedGroup extends TargetGroup {
  /** Computers directly in it. For All Computers every one, for Unassigned Computers those in no group. */
  computers: number;
}

/** All groups but what they hold. Names and ids are looked up letter case aside. */
export interface GroupStore {
  /** All groups, by name. */
  loadGroups(): Promise<TargetGroup[]>;

  /** The group with this name or id. Throws SERVER_NOT_FOUND. */
  requireGroup(nameOrId: string): Promise<TargetGroup>;

  /** All groups, by name, each with the number of its direct members. */
  countGroups(): Promise<CountedGroup[]>;

  /**
   * Makes a group under `parent`, or under All Computers. Again: throws SERVER_REFUSED, because the name is taken.
   * Concurrent: of two groups with one name the second throws SERVER_REFUSED. Throws SERVER_NOT_FOUND for the parent.
   * SERVER_REFUSED for a name that is taken, empty or not possible in a policy, and for Unassigned Computers as parent.
   */
  createGroup(name: string, parent: string | undefined, author: Author): Promise<TargetGroup>;

  /**
   * Removes a group with its memberships and its approvals. The record names them all.
   * Again: throws SERVER_NOT_FOUND.
   * Concurrent: a membership or an approval that is written before the removal goes with it. Afterwards it throws.
   * Throws SERVER_NOT_FOUND. SERVER_REFUSED for a built-in group and for a group that holds others.
   */
  removeGroup(nameOrId: string, author: Author): Promise<TargetGroup>;

  /**
   * Gives a group another name. Approvals and members stay.
   * Again: changes nothing, and goes on record again.
   * Concurrent: the last name wins. Of two groups that want one name one fails.
   * Throws SERVER_NOT_FOUND. SERVER_REFUSED for a built-in group and for a name that is taken or not possible.
   */
  renameGroup(nameOrId: string, name: string, author: Author): Promise<TargetGroup>;

  /**
   * Puts a computer into a group, or takes it out. A computer in no group is in Unassigned Computers.
   * Again: changes nothing, and goes on record again.
   * Concurrent: the computer is locked. Client-side targeting, too, waits for the lock, and the last call wins.
   * Throws SERVER_NOT_FOUND for the group. SERVER_REFUSED for a built-in group.
   */
  setMembership(computerId: string, nameOrId: string, isMember: boolean, author: Author): Promise<void>;
}
