// Target groups: a tree under All Computers.
import { allComputers } from './built-in-groups.ts';
import type { Database } from './database.ts';

export interface TargetGroup {
  groupId: string;
  name: string;
  parentId: string | undefined;
}

export function groupStore({ tables }: Database) {
  return {
    async loadGroups(): Promise<TargetGroup[]> {
      const rows = await tables.selectFrom('target_groups').selectAll().orderBy('name_key').execute();
      return rows.map(({ group_id, name, parent_id }) => ({
        groupId: group_id,
        name,
        parentId: parent_id ?? undefined,
      }));
    },
  };
}

/** The groups whose deployments count for a member of `groupIds`: those, what they are inside of, and All Computers. */
export function withAncestors(groups: readonly TargetGroup[], groupIds: readonly string[]): string[] {
  const parents = new Map(groups.map(({ groupId, parentId }) => [groupId, parentId]));
  const found = new Set<string>([allComputers]);
  for (const start of groupIds) {
    for (let id: string | undefined = start; id !== undefined && !found.has(id); id = parents.get(id)) found.add(id);
  }
  return [...found].sort();
}
