// Lists of computers for administrators, and computers that share an identity.

import type { Kysely, Selectable } from 'kysely';
import { beginningOf, wholeUpTo } from './bounds.ts';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { ClonedIdentity, ComputerLists, ListedComputer } from './contract/index.ts';
import type { Database } from './database.ts';
import { textBytes } from './declared-bounds.ts';
import { sortBeforeList } from './lists/computer-keys.ts';
import { compareNames } from './lists/sort-keys.ts';
import { systemNameOf } from './lists/system-name.ts';
import type { Tables } from './schema.ts';

export function computerListStore(
  database: Database,
): Pick<ComputerLists, 'listComputers' | 'findListedComputer' | 'listClones'> {
  const { tables } = database;
  const listed = () =>
    tables
      .selectFrom('computers')
      .select([...plainColumns])
      .select([...cutColumns()]);

  return {
    async listComputers({
      groupId,
      limit,
    }: {
      groupId?: string | undefined;
      limit: number;
    }): Promise<ListedComputer[]> {
      await sortBeforeList(database);
      let query = listed();
      // Asked of each computer, not as one list of ids: PostgreSQL looks through a long list for each of them.
      if (groupId === unassignedComputers) {
        query = query.where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('computer_groups')
                .select('group_id')
                .whereRef('computer_groups.computer_id', '=', 'computers.computer_id'),
            ),
          ),
        );
      } else if (groupId !== undefined && groupId !== allComputers) {
        query = query.where(({ exists, selectFrom }) =>
          exists(
            selectFrom('computer_groups')
              .select('group_id')
              .whereRef('computer_groups.computer_id', '=', 'computers.computer_id')
              .where('group_id', '=', groupId),
          ),
        );
      }
      const rows = await query.orderBy('computers.name_sort').orderBy('computer_id').limit(limit).execute();
      const groups = await groupNamesOf(
        tables,
        rows.map(({ computer_id }) => computer_id),
      );
      return rows.map((row) => listedOf(row, groups));
    },

    async findListedComputer(computerId: string): Promise<ListedComputer | undefined> {
      const row = await listed().where('computer_id', '=', computerId).executeTakeFirst();
      return row && listedOf(row, await groupNamesOf(tables, [computerId]));
    },

    async listClones(since: Date, limit = 1_000_000): Promise<ClonedIdentity[]> {
      const shared = tables
        .selectFrom('computers')
        .select('computer_id')
        .where('shared_at', '>=', since.getTime())
        .orderBy('computer_id')
        .limit(limit);
      const rows = await tables
        .selectFrom(shared.as('shared'))
        .innerJoin('computer_names', 'computer_names.computer_id', 'shared.computer_id')
        .select(['computer_names.computer_id', 'first_seen', 'last_seen', 'times_seen', 'address'])
        .select(beginningOf('dns_name', textBytes.name).as('dns_name'))
        .where('last_seen', '>=', since.getTime())
        .orderBy('computer_names.computer_id')
        .orderBy('last_seen', 'desc')
        .execute();
      const byId = Map.groupBy(rows, ({ computer_id }) => computer_id);
      return [...byId].map(([computerId, names]) => ({
        computerId,
        names: names.map((row) => ({
          dnsName: row.dns_name,
          address: row.address,
          firstSeen: new Date(Number(row.first_seen)),
          lastSeen: new Date(Number(row.last_seen)),
          timesSeen: Number(row.times_seen),
        })),
      }));
    },
  };
}

type ListedRow = Pick<Selectable<Tables['computers']>, (typeof plainColumns)[number] | CutColumn>;

function listedOf(row: ListedRow, groups: ReadonlyMap<string, string[]>): ListedComputer {
  const time = (at: number | null) => (at === null ? undefined : new Date(at));
  return {
    computerId: row.computer_id,
    dnsName: row.dns_name,
    address: row.address,
    agentGeneration: row.agent_generation ?? undefined,
    agentVersion: row.agent_version ?? undefined,
    osVersion: row.os_version ?? undefined,
    osName: row.os_name ?? systemNameOf(row.registration),
    osDescription: row.os_description ?? undefined,
    lastContact: new Date(row.last_contact),
    lastSync: time(row.last_sync),
    lastReport: time(row.last_report),
    groups: groups.get(row.computer_id) ?? ['Unassigned Computers'],
    requestedGroups: row.requested_groups === '' ? [] : row.requested_groups.split(';'),
    identityChanges: row.identity_changes,
    identityChangedAt: time(row.identity_changed_at),
    sharedAt: time(row.shared_at),
  };
}

/** Computer → the names of its groups, in the order of lists. */
export async function groupNamesOf(
  tables: Kysely<Tables>,
  computerIds: readonly string[],
): Promise<Map<string, string[]>> {
  const groups = await tables.selectFrom('target_groups').select(['group_id', 'name']).execute();
  const nameOf = new Map(groups.map(({ group_id, name }) => [group_id, name]));
  const names = new Map<string, string[]>();
  const memberships = tables.selectFrom('computer_groups').select(['computer_id', 'group_id']);
  // Of very many all are read at once: the list of their ids costs more.
  const isForAll = computerIds.length > 10 * idsPerStatement;
  for (let start = 0; start < (isForAll ? 1 : computerIds.length); start += idsPerStatement) {
    const some = computerIds.slice(start, start + idsPerStatement);
    const rows = await (isForAll ? memberships : memberships.where('computer_id', 'in', some)).execute();
    for (const { computer_id, group_id } of rows) {
      const name = nameOf.get(group_id);
      if (name === undefined) continue;
      const known = names.get(computer_id);
      if (known) known.push(name);
      else names.set(computer_id, [name]);
    }
  }
  for (const some of names.values()) if (some.length > 1) some.sort(compareNames);
  return names;
}

const idsPerStatement = 500;

const plainColumns = [
  ...([
    'computer_id',
    'address',
    'agent_generation',
    'agent_version',
    'os_version',
    'os_name',
    'last_contact',
  ] as const),
  ...(['last_sync', 'last_report', 'identity_changes', 'identity_changed_at', 'shared_at'] as const),
] as const;

// Strangers wrote these, at times before there were bounds.
type CutColumn = 'dns_name' | 'requested_groups' | 'os_description' | 'registration';
const cutColumns = () =>
  [
    beginningOf('dns_name', textBytes.name).as('dns_name'),
    beginningOf('requested_groups', textBytes.requestedGroups).as('requested_groups'),
    beginningOf('os_description', textBytes.fact).as('os_description'),
    wholeUpTo('registration', 2 * textBytes.registration, null).as('registration'),
  ] as const;
