// The groups that an account reaches.
import type { TargetGroup } from '@moult/catalog';
import { allComputers } from '../built-in-groups.ts';

export interface Reach {
  /** The named groups that are there, and all inside of them. */
  groups: readonly TargetGroup[];
  groupIds: readonly string[];
  /** With the groups that they are inside of: approvals for those reach their computers too. */
  deciding: readonly string[];
  isReached(groupId: string): boolean;
  /** Whether a decision for this group may be shown. Everybody knows All Computers. */
  isShown(groupId: string): boolean;
}

export function reachOf(all: readonly TargetGroup[], named: readonly string[]): Reach {
  const children = Map.groupBy(all, ({ parentId }) => parentId);
  const byId = new Map(all.map((group) => [group.groupId, group]));
  const reached = new Set(named.filter((groupId) => byId.has(groupId)));
  // A set is walked in the order of its members, also of those that come meanwhile.
  for (const groupId of reached) for (const child of children.get(groupId) ?? []) reached.add(child.groupId);
  const deciding = new Set(reached);
  for (const groupId of deciding) {
    const parentId = byId.get(groupId)?.parentId;
    if (parentId !== undefined) deciding.add(parentId);
  }
  const groups = all
    .filter(({ groupId }) => reached.has(groupId))
    // The group above is not there for the account.
    .map((group) =>
      group.parentId !== undefined && reached.has(group.parentId) ? group : { ...group, parentId: undefined },
    );
  return {
    ...{ groups, groupIds: [...reached], deciding: [...deciding] },
    isReached: (groupId) => reached.has(groupId),
    isShown: (groupId) => reached.has(groupId) || groupId === allComputers,
  };
}
