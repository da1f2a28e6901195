// Computers for administrators: lists, removal, and those that share an identity.
import { type Kysely, type Selectable, sql } from 'kysely';
import { osName, type RegisteredSystem } from '../os-name/index.ts';
import { type Author, recordAudit } from './audit.ts';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

export interface ListedComputer {
  computerId: string;
  dnsName: string;
  address: string;
  agentGeneration: string | undefined;
  agentVersion: string | undefined;
  osVersion: string | undefined;
  /** What the system is called, by its version; undefined when it is no Windows we know. */
  osName: string | undefined;
  /** What the agent calls it. */
  osDescription: string | undefined;
  lastContact: Date;
  lastSync: Date | undefined;
  lastReport: Date | undefined;
  groups: string[];
  requestedGroups: string[];
}

export interface ClonedIdentity {
  computerId: string;
  /** Newest first. */
  names: { dnsName: string; address: string; firstSeen: Date; lastSeen: Date; timesSeen: number }[];
}

export function computerListStore(database: Database, changes: Changes) {
  const { tables } = database;
  return {
    /** By name, `limit` at most. `groupId` narrows to direct members. */
    async listComputers({
      groupId,
      limit,
    }: {
      groupId?: string | undefined;
      limit: number;
    }): Promise<ListedComputer[]> {
      let query = tables.selectFrom('computers').selectAll();
      const members = (of: Kysely<Tables>) => of.selectFrom('computer_groups').select('computer_id');
      if (groupId === unassignedComputers) query = query.where('computer_id', 'not in', members(tables));
      else if (groupId !== undefined && groupId !== allComputers) {
        query = query.where('computer_id', 'in', members(tables).where('group_id', '=', groupId));
      }
      const rows = await query.orderBy('dns_name').orderBy('computer_id').limit(limit).execute();
      const groups = await groupNamesOf(
        tables,
        rows.map(({ computer_id }) => computer_id),
      );
      return rows.map((row) => listedOf(row, groups));
    },

    /** One computer as lists show it; undefined for one that is not known. */
    async findListedComputer(computerId: string): Promise<ListedComputer | undefined> {
      const row = await tables
        .selectFrom('computers')
        .selectAll()
        .where('computer_id', '=', computerId)
        .executeTakeFirst();
      return row && listedOf(row, await groupNamesOf(tables, [computerId]));
    },

    /** Forgets a computer and its status. It comes back with its next contact: it is asked to register then. */
    async removeComputer(computerId: string, author: Author): Promise<void> {
      await transact(database, async (transaction) => {
        const before = await transaction
          .selectFrom('computers')
          .select(['dns_name', 'address', 'agent_version', 'os_description'])
          .where('computer_id', '=', computerId)
          .executeTakeFirst();
        const groups = (await groupNamesOf(transaction, [computerId])).get(computerId) ?? [];
        await transaction.deleteFrom('computers').where('computer_id', '=', computerId).execute();
        await transaction.deleteFrom('computer_update_status').where('computer_id', '=', computerId).execute();
        await recordAudit(transaction, author, {
          ...{ action: 'remove computer', subject: computerId },
          before: before && { ...before, groups },
        });
        await markChange(transaction, 'computers');
      });
      changes.announce('computers');
    },

    /**
     * Identities that were used under several names at the same time since `since`: copies of one disk that nobody
     * prepared. A computer that was renamed is none: its old name is not seen again after the new one.
     */
    async listClones(since: Date): Promise<ClonedIdentity[]> {
      const { rows } = await sql<{
        computer_id: string;
        dns_name: string;
        address: string;
        first_seen: number;
        last_seen: number;
        times_seen: number;
      }>`select one.* from computer_names one
         where one.last_seen >= ${since.getTime()} and exists (
           select 1 from computer_names other
           where other.computer_id = one.computer_id and other.name_key <> one.name_key
             and other.last_seen >= ${since.getTime()}
             and other.last_seen >= one.first_seen and one.last_seen >= other.first_seen)
         order by one.computer_id, one.last_seen desc`.execute(tables);
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

function listedOf(row: Selectable<Tables['computers']>, groups: ReadonlyMap<string, string[]>): ListedComputer {
  const time = (at: number | null) => (at === null ? undefined : new Date(at));
  return {
    computerId: row.computer_id,
    dnsName: row.dns_name,
    address: row.address,
    agentGeneration: row.agent_generation ?? undefined,
    agentVersion: row.agent_version ?? undefined,
    osVersion: row.os_version ?? undefined,
    osName: nameIn(row.registration),
    osDescription: row.os_description ?? undefined,
    lastContact: new Date(row.last_contact),
    lastSync: time(row.last_sync),
    lastReport: time(row.last_report),
    groups: groups.get(row.computer_id) ?? ['Unassigned Computers'],
    requestedGroups: row.requested_groups === '' ? [] : row.requested_groups.split(';'),
  };
}

function nameIn(registration: string | null): string | undefined {
  if (registration === null) return undefined;
  const said = JSON.parse(registration) as Partial<RegisteredSystem>;
  const { osMajorVersion = 0, osMinorVersion = 0, osBuildNumber = 0, processorArchitecture = '', osDescription } = said;
  const { suiteMask = 0, oldProductType = 0, newProductType = 0, systemMetrics = 0 } = said;
  const version = { osMajorVersion, osMinorVersion, osBuildNumber, processorArchitecture, osDescription };
  return osName({ ...version, suiteMask, oldProductType, newProductType, systemMetrics });
}

async function groupNamesOf(tables: Kysely<Tables>, computerIds: readonly string[]): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  for (let start = 0; start < computerIds.length; start += idsPerStatement) {
    const rows = await tables
      .selectFrom('computer_groups')
      .innerJoin('target_groups', 'target_groups.group_id', 'computer_groups.group_id')
      .select(['computer_id', 'name'])
      .where('computer_id', 'in', computerIds.slice(start, start + idsPerStatement))
      .orderBy('name_key')
      .execute();
    for (const { computer_id, name } of rows) names.set(computer_id, [...(names.get(computer_id) ?? []), name]);
  }
  return names;
}

const idsPerStatement = 500;
