// Target groups: a tree under All Computers.
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
