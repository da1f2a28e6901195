// Computers, by SusClientId.
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import { unassignedComputers } from './built-in-groups.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Database } from './database.ts';
import { excluded, inPieces, prepare, prepareInsert } from './prepared.ts';
import type { Tables } from './schema.ts';
import { lockComputers, retried, transact } from './transact.ts';

export interface AuthorizedComputer {
  /** Lower-case GUID. */
  computerId: string;
  dnsName: string;
  address: string;
  /** As the client's policy names them; kept whether or not they count. */
  requestedGroups: readonly string[];
  at: Date;
}

export interface RegisteredComputer {
  computerId: string;
  dnsName: string;
  address: string;
  agentVersion: string;
  osVersion: string;
  osDescription: string;
  architecture: string;
  manufacturer: string;
  model: string;
  /** Everything that the client said, for what nobody thought of yet. */
  registration: Record<string, unknown>;
  at: Date;
}

/** `changed`: a known computer under a name, or with groups, that it did not have before. */
export type Acquaintance = 'stranger' | 'changed' | 'known';

/** What a sync needs to know of its client. */
export interface Targeting {
  isRegistered: boolean;
  /** Direct groups; a computer in none is in Unassigned Computers. */
  groupIds: string[];
}

export function computerStore(database: Database, changes: Changes) {
  const { tables, engine } = database;
  const statements = checkInStatements(tables);
  const noteContactsOf = contactStatement(tables);
  return {
    /**
     * Notes who authorised. With `assign` (client-side targeting) the computer is put into exactly those of its
     * requested groups that exist; WSUS never creates a group for a client (MS-WUSP note 46).
     */
    async noteAuthorization(computer: AuthorizedComputer, { assign }: { assign: boolean }): Promise<void> {
      const { computerId, dnsName, address } = computer;
      const at = computer.at.getTime();
      const requested = computer.requestedGroups.join(';');
      await transact(database, async (transaction) => {
        const named = { computer_id: computerId, dns_name: dnsName, address };
        const seen = { first_contact: at, last_contact: at };
        await statements.authorize(transaction, [
          { ...named, ...seen, requested_groups: requested, agent_generation: 'wsus' },
        ]);
        await statements.noteName(transaction, [
          { ...named, name_key: dnsName.toLowerCase(), first_seen: at, last_seen: at, times_seen: 1 },
        ]);
        if (assign) await assignRequested(transaction, computer);
      });
      changes.announce('computers');
    },

    async registerComputer(computer: RegisteredComputer): Promise<void> {
      const at = computer.at.getTime();
      const row = {
        computer_id: computer.computerId,
        dns_name: computer.dnsName,
        address: computer.address,
        requested_groups: '',
        agent_generation: 'wsus',
        agent_version: computer.agentVersion,
        os_version: computer.osVersion,
        os_description: computer.osDescription,
        architecture: computer.architecture,
        manufacturer: computer.manufacturer,
        model: computer.model,
        registration: JSON.stringify(computer.registration),
        first_contact: at,
        last_contact: at,
        registered_at: at,
      };
      await retried(() => statements.register(tables, [row]));
      changes.announce('computers');
    },

    /** Which of these is known, and whether the computer was seen under this name and asked for these groups. */
    async findAcquaintance({ computerId, dnsName, requestedGroups }: AuthorizedComputer): Promise<Acquaintance> {
      const { rows } = await statements.findAcquaintance(tables, dnsName.toLowerCase(), computerId);
      const [found] = rows;
      if (!found) return 'stranger';
      return found.name_key !== null && found.requested_groups === requestedGroups.join(';') ? 'known' : 'changed';
    },

    /** Those of the ids that are computers known here. */
    async listKnownIds(computerIds: readonly string[]): Promise<Set<string>> {
      const known = new Set<string>();
      for (let start = 0; start < computerIds.length; start += idsPerStatement) {
        const some = computerIds.slice(start, start + idsPerStatement);
        const rows = await tables
          .selectFrom('computers')
          .select('computer_id')
          .where('computer_id', 'in', some)
          .execute();
        for (const { computer_id } of rows) known.add(computer_id);
      }
      return known;
    },

    /** Undefined for a computer that was never seen, or was removed. */
    async loadTargeting(computerId: string): Promise<Targeting | undefined> {
      const { rows } = await statements.loadTargeting(tables, computerId);
      const [first] = rows;
      if (!first) return undefined;
      const groupIds = rows.map(({ group_id }) => group_id).filter((id) => id !== null);
      return {
        isRegistered: first.registered_at !== null,
        groupIds: groupIds.length > 0 ? groupIds : [unassignedComputers],
      };
    },

    /** Notes contacts and syncs of many computers in one transaction. */
    async noteContacts(contacts: ReadonlyMap<string, { at: Date; synced: boolean; reported: boolean }>): Promise<void> {
      if (contacts.size === 0) return;
      const rows = [...contacts].map(([computer_id, { at, synced, reported }]) => {
        const time = at.getTime();
        return { computer_id, at: time, synced: synced ? time : null, reported: reported ? time : null };
      });
      // Each computer once, and in the order in which everybody locks them.
      rows.sort((one, other) => (one.computer_id < other.computer_id ? -1 : 1));
      await transact(database, async (transaction) => {
        await lockComputers(transaction, engine, [...contacts.keys()]);
        for (const some of inPieces(rows)) await noteContactsOf(transaction, some);
      });
      changes.announce('computers');
    },
  };
}

interface SeenComputer {
  computer_id: string;
  /** The last contact; the others are null for a contact that was none of theirs. */
  at: number;
  synced: number | null;
  reported: number | null;
}

/**
 * Contacts of many computers as one statement: on PostgreSQL each one more is a round trip with all of them locked. Times
 * never go back: two servers write what they gathered in any order.
 */
function contactStatement(tables: Kysely<Tables>) {
  const example: SeenComputer = { computer_id: '', at: 0, synced: 0, reported: 0 };
  return prepareInsert(example, (rows) => {
    const given = rows.map(
      ({ computer_id, at, synced, reported }) => sql`select cast(${computer_id} as text) as computer_id,
        cast(${at} as bigint) as at, cast(${synced} as bigint) as synced, cast(${reported} as bigint) as reported`,
    );
    const seen = sql<SeenComputer>`(${sql.join(given, sql` union all `)})`.as<'seen'>('seen');
    return tables
      .updateTable('computers')
      .from(seen)
      .set({
        last_contact: sql`case when seen.at > last_contact then seen.at else last_contact end`,
        last_sync: sql`case when seen.synced > coalesce(last_sync, 0) then seen.synced else last_sync end`,
        last_report: sql`case when seen.reported > coalesce(last_report, 0) then seen.reported else last_report end`,
      })
      .whereRef('computers.computer_id', '=', 'seen.computer_id');
  });
}

/** What each check-in of each computer runs. */
function checkInStatements(tables: Kysely<Tables>) {
  const named = { computer_id: '', dns_name: '', address: '' };
  const authorized = { ...named, first_contact: 0, last_contact: 0, requested_groups: '', agent_generation: '' };
  const registered = {
    ...{ ...authorized, agent_version: '', os_version: '', os_description: '', architecture: '' },
    ...{ manufacturer: '', model: '', registration: '', registered_at: 0 },
  };
  return {
    authorize: prepareInsert(authorized, (rows) =>
      tables
        .insertInto('computers')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .column('computer_id')
            .doUpdateSet(excluded('dns_name', 'address', 'requested_groups', 'last_contact')),
        ),
    ),

    noteName: prepareInsert({ ...named, name_key: '', first_seen: 0, last_seen: 0, times_seen: 0 }, (rows) =>
      tables
        .insertInto('computer_names')
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .columns(['computer_id', 'name_key'])
            .doUpdateSet({ ...excluded('address', 'last_seen'), times_seen: sql`computer_names.times_seen + 1` }),
        ),
    ),

    register: prepareInsert(registered, (rows) =>
      tables
        .insertInto('computers')
        .values(rows)
        .onConflict((conflict) => {
          const { computer_id: _, requested_groups: __, first_contact: ___, ...known } = registered;
          return conflict
            .column('computer_id')
            .doUpdateSet(excluded(...(Object.keys(known) as (keyof typeof known)[])));
        }),
    ),

    findAcquaintance: prepare(['', ''], (nameKey, computerId) =>
      tables
        .selectFrom('computers')
        .leftJoin('computer_names', (join) =>
          join.onRef('computer_names.computer_id', '=', 'computers.computer_id').on('name_key', '=', nameKey),
        )
        .select(['requested_groups', 'name_key'])
        .where('computers.computer_id', '=', computerId),
    ),

    loadTargeting: prepare([''], (computerId) =>
      tables
        .selectFrom('computers')
        .leftJoin('computer_groups', 'computer_groups.computer_id', 'computers.computer_id')
        .select(['computers.registered_at', 'computer_groups.group_id'])
        .where('computers.computer_id', '=', computerId),
    ),
  };
}

const idsPerStatement = 500;

/** Writes only what differs: most computers ask for the groups that they are in, every few hours. */
async function assignRequested(transaction: Kysely<Tables>, computer: AuthorizedComputer): Promise<void> {
  const { computerId, requestedGroups, at } = computer;
  const before = await groupsOf(transaction, computerId);
  const after = await groupsNamed(transaction, requestedGroups);
  const namesOf = (groups: readonly { name: string }[]) => groups.map(({ name }) => name);
  if (namesOf(before).join(';') === namesOf(after).join(';')) return;
  await transaction.deleteFrom('computer_groups').where('computer_id', '=', computerId).execute();
  if (after.length > 0) {
    await transaction
      .insertInto('computer_groups')
      .values(after.map(({ group_id }) => ({ computer_id: computerId, group_id })))
      .execute();
  }
  await recordAudit(
    transaction,
    { name: 'client-side targeting', at },
    {
      ...{ action: 'target computer', subject: computerId },
      ...{ before: namesOf(before), after: namesOf(after) },
    },
  );
  await markChange(transaction, 'computers');
}

async function groupsOf(transaction: Kysely<Tables>, computerId: string) {
  return transaction
    .selectFrom('computer_groups')
    .innerJoin('target_groups', 'target_groups.group_id', 'computer_groups.group_id')
    .select(['target_groups.group_id', 'name'])
    .where('computer_id', '=', computerId)
    .orderBy('name_key')
    .execute();
}

/** Those of the names that are groups somebody can be put into. */
async function groupsNamed(transaction: Kysely<Tables>, names: readonly string[]) {
  const keys = [...new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''))];
  if (keys.length === 0) return [];
  return transaction
    .selectFrom('target_groups')
    .select(['group_id', 'name'])
    .where('name_key', 'in', keys)
    .where('parent_id', 'is not', null)
    .where('group_id', '!=', unassignedComputers)
    .orderBy('name_key')
    .execute();
}
