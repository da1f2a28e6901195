// Computers and groups for an account that reaches some groups only.
import { type Kysely, sql } from 'kysely';
import type { ListedComputer, Store } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { ServerError } from '../errors.ts';
import type { Tables } from '../schema.ts';
import { isWithin } from './is-within.ts';
import type { Reach } from './reach.ts';

type Methods =
  | (
      | 'findComputers'
      | 'findListedComputer'
      | 'listIdentityChanges'
      | 'listStatesOf'
      | 'countStatesOn'
      | 'loadTargeting'
    )
  | ('listReports' | 'listSelfUpdateEvents' | 'removeComputer' | 'loadGroups' | 'requireGroup' | 'countGroups')
  | 'setMembership';

export function computersWithin({ tables }: Database, whole: Store, reach: Reach): Pick<Store, Methods> {
  const isReached = async (computerId: string) => (await reachedAmong(tables, [computerId], reach)).has(computerId);
  const requireComputer = async (computerId: string) => {
    if (!(await isReached(computerId)))
      throw new ServerError('SERVER_NOT_FOUND', `There is no computer ${computerId}.`);
  };
  /** As the whole store says it of a group that is not there. */
  const requireGroup: Store['requireGroup'] = async (nameOrId) => {
    const key = nameOrId.trim().toLowerCase();
    const found = reach.groups.find(({ groupId, name }) => name.toLowerCase() === key || groupId === key);
    if (found) return found;
    throw new ServerError('SERVER_NOT_FOUND', `There is no group "${nameOrId}".`);
  };
  return {
    async findComputers(text) {
      const found = await whole.findComputers(text);
      const ids = found.map(({ computerId }) => computerId);
      const reached = await reachedAmong(tables, ids, reach);
      return found.filter(({ computerId }) => reached.has(computerId));
    },

    async findListedComputer(computerId) {
      const found = (await isReached(computerId)) ? await whole.findListedComputer(computerId) : undefined;
      return found && withoutOthers(found, reach);
    },

    async listIdentityChanges({ computerId, ...rest }) {
      if (computerId === undefined) return [];
      return (await isReached(computerId)) ? whole.listIdentityChanges({ computerId, ...rest }) : [];
    },

    async listStatesOf(computerId) {
      return (await isReached(computerId)) ? whole.listStatesOf(computerId) : [];
    },

    async countStatesOn(computerId) {
      await requireComputer(computerId);
      return whole.countStatesOn(computerId);
    },

    // All groups of the computer: what it is offered depends on each of them.
    async loadTargeting(computerId) {
      return (await isReached(computerId)) ? whole.loadTargeting(computerId) : undefined;
    },

    async listReports(computerId, limit) {
      return (await isReached(computerId)) ? whole.listReports(computerId, limit) : [];
    },

    async listSelfUpdateEvents(filter = {}) {
      const { computerId } = filter;
      return computerId !== undefined && (await isReached(computerId)) ? whole.listSelfUpdateEvents(filter) : [];
    },

    async removeComputer(computerId, author) {
      await requireComputer(computerId);
      const { rows } = await sql`select 1 from computer_groups where computer_id = ${computerId}
        and group_id not in (${sql.join(reach.groupIds)}) limit 1`.execute(tables);
      if (rows.length > 0)
        throw new ServerError(
          'SERVER_REFUSED',
          'This computer is in other groups too. Take it out of your groups, and leave its removal to others.',
        );
      return whole.removeComputer(computerId, author);
    },

    loadGroups: async () => [...reach.groups],
    requireGroup,

    async countGroups() {
      const counted = new Map((await whole.countGroups()).map(({ groupId, computers }) => [groupId, computers]));
      return reach.groups.map((group) => ({ ...group, computers: counted.get(group.groupId) ?? 0 }));
    },

    async setMembership(computerId, nameOrId, isMember, author) {
      const { groupId } = await requireGroup(nameOrId);
      await requireComputer(computerId);
      return whole.setMembership(computerId, groupId, isMember, author);
    },
  };
}

/** Without the names of groups that the account does not reach. */
export function withoutOthers<Computer extends ListedComputer>(computer: Computer, { groups }: Reach): Computer {
  const names = new Set(groups.map(({ name }) => name));
  const keys = new Set(groups.map(({ name }) => name.toLowerCase()));
  return {
    ...computer,
    groups: computer.groups.filter((name) => names.has(name)),
    requestedGroups: computer.requestedGroups.filter((name) => keys.has(name.trim().toLowerCase())),
  };
}

async function reachedAmong(
  tables: Kysely<Tables>,
  computerIds: readonly string[],
  { groupIds }: Reach,
): Promise<ReadonlySet<string>> {
  if (computerIds.length === 0) return new Set();
  const { rows } = await sql<{ computer_id: string }>`
    select computers.computer_id from computers where computers.computer_id in (${sql.join(computerIds)})
      and ${isWithin(sql.ref('computers.computer_id'), groupIds)}`.execute(tables);
  return new Set(rows.map(({ computer_id }) => computer_id));
}
