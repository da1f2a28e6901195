// Target groups: a tree under All Computers. Names are unique, letter case aside, as in WSUS.
import { randomUUID } from 'node:crypto';
import type { TargetGroup } from '@moult/catalog';
import { sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, CountedGroup, GroupStore } from './contract/index.ts';
import type { Database } from './database.ts';
import { ServerError } from './errors.ts';
import { loadFigures } from './figures.ts';
import { compareNames } from './lists/sort-keys.ts';
import { takeStamp } from './stamps.ts';
import { lockComputers, transact } from './transact.ts';

export function groupStore(database: Database, changes: Changes): GroupStore {
  const { tables, engine } = database;
  const loadGroups = async (): Promise<TargetGroup[]> => {
    const rows = await tables.selectFrom('target_groups').selectAll().execute();
    rows.sort((one, other) => compareNames(one.name, other.name));
    return rows.map(({ group_id, name, parent_id }) => ({ groupId: group_id, name, parentId: parent_id ?? undefined }));
  };

  /** The group with this name or id. Throws SERVER_NOT_FOUND. */
  const requireGroup = async (nameOrId: string): Promise<TargetGroup> => {
    const key = nameOrId.trim().toLowerCase();
    const row = await tables
      .selectFrom('target_groups')
      .selectAll()
      .where((where) => where.or([where('name_key', '=', key), where('group_id', '=', key)]))
      .executeTakeFirst();
    if (!row) throw new ServerError('SERVER_NOT_FOUND', `There is no group "${nameOrId}".`);
    return { groupId: row.group_id, name: row.name, parentId: row.parent_id ?? undefined };
  };

  /** The name as it is kept. Throws SERVER_REFUSED for one that is taken, or that policy could not name. */
  const requireFree = async (name: string, renamed?: TargetGroup): Promise<string> => {
    const trimmed = name.trim();
    if (trimmed === '' || trimmed.length > 256 || /[;\p{Cc}]/u.test(trimmed)) {
      throw new ServerError(
        'SERVER_REFUSED',
        'A group name has 1 to 256 characters, no semicolon and no control character.',
      );
    }
    const taken = await tables
      .selectFrom('target_groups')
      .select(['name', 'group_id'])
      .where((where) =>
        where.or([where('name_key', '=', trimmed.toLowerCase()), where('group_id', '=', trimmed.toLowerCase())]),
      )
      .executeTakeFirst();
    if (taken && taken.group_id !== renamed?.groupId) throw isTaken(taken.name);
    return trimmed;
  };

  return {
    loadGroups,
    requireGroup,

    async countGroups(): Promise<CountedGroup[]> {
      const groups = await loadGroups();
      const rows = await tables
        .selectFrom('computer_groups')
        .select(['group_id', ({ fn }) => fn.countAll<number>().as('count')])
        .groupBy('group_id')
        .execute();
      const direct = new Map(rows.map(({ group_id, count }) => [group_id, Number(count)]));
      const { known } = await loadFigures(tables);
      const grouped = await sql<{ count: number }>`
        select count(distinct computer_id) as count from computer_groups`.execute(tables);
      direct.set(allComputers, known);
      direct.set(unassignedComputers, Math.max(0, known - Number(grouped.rows[0]?.count ?? 0)));
      return groups.map((group) => ({ ...group, computers: direct.get(group.groupId) ?? 0 }));
    },

    async createGroup(name: string, parent: string | undefined, author: Author): Promise<TargetGroup> {
      const trimmed = await requireFree(name);
      const { groupId: parentId } = parent === undefined ? { groupId: allComputers } : await requireGroup(parent);
      if (parentId === unassignedComputers) {
        throw new ServerError('SERVER_REFUSED', 'Unassigned Computers cannot hold groups.');
      }
      const group = { groupId: randomUUID() as string, name: trimmed, parentId };
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const { numInsertedOrUpdatedRows: inserted } = await transaction
          .insertInto('target_groups')
          .values({
            group_id: group.groupId,
            name: trimmed,
            name_key: trimmed.toLowerCase(),
            parent_id: parentId,
            created_at: author.at.getTime(),
          })
          .onConflict((conflict) => conflict.column('name_key').doNothing())
          .executeTakeFirstOrThrow();
        // Somebody else made it since we looked.
        if (!inserted) throw isTaken(trimmed);
        await recordAudit(transaction, author, { action: 'create group', subject: group.groupId, after: group });
        await markChange(transaction, 'groups');
      });
      changes.announce('groups');
      return group;
    },

    async removeGroup(nameOrId: string, author: Author): Promise<TargetGroup> {
      const group = await requireGroup(nameOrId);
      if (group.groupId === allComputers || group.groupId === unassignedComputers) {
        throw new ServerError('SERVER_REFUSED', `${group.name} is built in and stays.`);
      }
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const child = await transaction
          .selectFrom('target_groups')
          .select('name')
          .where('parent_id', '=', group.groupId)
          .executeTakeFirst();
        if (child)
          throw new ServerError('SERVER_REFUSED', `${group.name} holds the group ${child.name}: remove that first.`);
        const members = await transaction
          .selectFrom('computer_groups')
          .select('computer_id')
          .where('group_id', '=', group.groupId)
          .execute();
        for (const table of ['computer_groups', 'deployment_origins', 'group_zones'] as const)
          await transaction.deleteFrom(table).where('group_id', '=', group.groupId).execute();
        const decisions = await transaction
          .deleteFrom('deployments')
          .where('group_id', '=', group.groupId)
          .returning(['update_id as updateId', 'action', 'deadline'])
          .execute();
        await transaction.deleteFrom('target_groups').where('group_id', '=', group.groupId).execute();
        const before = { ...group, computers: members.map(({ computer_id }) => computer_id), decisions };
        await recordAudit(transaction, author, { action: 'remove group', subject: group.groupId, before });
        await markChange(transaction, 'groups');
        await markChange(transaction, 'deployments');
      });
      changes.announce('groups');
      return group;
    },

    async renameGroup(nameOrId: string, name: string, author: Author): Promise<TargetGroup> {
      const group = await requireGroup(nameOrId);
      if (group.groupId === allComputers || group.groupId === unassignedComputers) {
        throw new ServerError('SERVER_REFUSED', `${group.name} is built in and keeps its name.`);
      }
      const trimmed = await requireFree(name, group);
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        await transaction
          .updateTable('target_groups')
          .set({ name: trimmed, name_key: trimmed.toLowerCase() })
          .where('group_id', '=', group.groupId)
          .execute();
        const change = { before: { name: group.name }, after: { name: trimmed } };
        await recordAudit(transaction, author, { action: 'rename group', subject: group.groupId, ...change });
        await markChange(transaction, 'groups');
      });
      changes.announce('groups');
      return { ...group, name: trimmed };
    },

    async setMembership(computerId: string, nameOrId: string, isMember: boolean, author: Author): Promise<void> {
      const { groupId, name } = await requireGroup(nameOrId);
      if (groupId === allComputers || groupId === unassignedComputers) {
        throw new ServerError(
          'SERVER_REFUSED',
          `No computer is put into ${name}: its members follow from the other groups.`,
        );
      }
      await transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        // Client-side targeting may move it at the same moment.
        await lockComputers(transaction, engine, [computerId]);
        const before = await groupsOf();
        if (isMember) {
          const row = { computer_id: computerId, group_id: groupId };
          await transaction
            .insertInto('computer_groups')
            .values(row)
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        } else {
          await transaction
            .deleteFrom('computer_groups')
            .where('computer_id', '=', computerId)
            .where('group_id', '=', groupId)
            .execute();
        }
        const action = isMember ? 'add computer to group' : 'remove computer from group';
        const after = await groupsOf();
        await recordAudit(transaction, author, { action, subject: computerId, before, after });
        await markChange(transaction, 'computers');

        async function groupsOf(): Promise<string[]> {
          const rows = await transaction
            .selectFrom('computer_groups')
            .innerJoin('target_groups', 'target_groups.group_id', 'computer_groups.group_id')
            .select('name')
            .where('computer_id', '=', computerId)
            .orderBy('name_key')
            .execute();
          return rows.map((row) => row.name);
        }
      });
      changes.announce('computers');
    },
  };
}

function isTaken(name: string): ServerError {
  return new ServerError('SERVER_REFUSED', `There is a group "${name}" already.`);
}
