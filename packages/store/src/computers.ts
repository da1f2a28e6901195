// Computers, by SusClientId.
import type { HoldFacts } from '@moult/catalog';
import { cutText } from '@moult/formats/text';
import { type Kysely, sql } from 'kysely';
import type { StoreBounds } from './bounds.ts';
import { unassignedComputers } from './built-in-groups.ts';
import type { Changes } from './changes.ts';
import { assignRequested } from './client-side-targeting.ts';
import { noteLastContact } from './configuration.ts';
import type {
  Acquaintance,
  AuthorizedComputer,
  ComputerContacts,
  RegisteredComputer,
  Targeting,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { textBytes } from './declared-bounds.ts';
import { noteIdentityChange } from './identity-changes.ts';
import { systemNameOf } from './lists/system-name.ts';
import { excluded, inPieces, prepare, prepareInsert } from './prepared.ts';
import type { ComputersTable } from './schema/computers.ts';
import type { Tables } from './schema.ts';
import { lockComputers, transact } from './transact.ts';

export function computerStore(database: Database, changes: Changes, bounds: StoreBounds): ComputerContacts {
  const { tables, engine } = database;
  const statements = checkInStatements(tables);
  const noteContactsOf = contactStatement(tables);
  return {
    async noteAuthorization(
      computer: AuthorizedComputer,
      { assign, mayRecord }: { assign: boolean; mayRecord?: () => boolean },
    ): Promise<void> {
      const { computerId } = computer;
      const at = computer.at.getTime();
      const requested = requestedText(computer.requestedGroups);
      const dnsName = cutText(computer.dnsName, textBytes.name);
      const nameKey = dnsName.toLowerCase();
      const named = {
        ...{ computer_id: computerId, dns_name: dnsName },
        address: cutText(computer.address, textBytes.address),
      };
      await transact(database, async (transaction) => {
        const seen = { first_contact: at, last_contact: at };
        const { rows } = await statements.loadName(transaction, computerId);
        await statements.authorize(transaction, [
          { ...named, ...seen, current_name: nameKey, requested_groups: requested, agent_generation: 'wsus' },
        ]);
        const before = rows[0]?.current_name;
        if (before && before !== nameKey) {
          await noteOtherName(transaction, { computerId, before, after: nameKey, at: computer.at });
        }
        await statements.noteName(transaction, [
          { ...named, name_key: nameKey, first_seen: at, last_seen: at, times_seen: 1 },
        ]);
        if (before !== nameKey) await forgetOldNames(transaction, computerId, bounds.namesPerComputer);
        if (assign) await assignRequested(transaction, computer, mayRecord);
      });
      changes.announce('computers');
    },

    async registerComputer(computer: RegisteredComputer): Promise<void> {
      const row = registrationRow(computer);
      await transact(database, async (transaction) => {
        const { rows } = await statements.loadMachine(transaction, computer.computerId);
        const [before] = rows;
        await statements.register(transaction, [row]);
        if (before?.registered_at == null) return;
        for (const change of machineChanges(before, row)) {
          const noted = { ...change, at: computer.at };
          await noteIdentityChange(transaction, computer.computerId, noted, { isShared: false });
        }
      });
      changes.announce('computers');
    },

    async findAcquaintance({ computerId, dnsName, requestedGroups }: AuthorizedComputer): Promise<Acquaintance> {
      const { rows } = await statements.findAcquaintance(tables, dnsName.toLowerCase(), computerId);
      const [found] = rows;
      if (!found) return 'stranger';
      return found.name_key !== null && found.requested_groups === requestedText(requestedGroups) ? 'known' : 'changed';
    },

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

    async loadTargeting(computerId: string): Promise<Targeting | undefined> {
      const { rows } = await statements.loadTargeting(tables, computerId);
      const [first] = rows;
      if (!first) return undefined;
      const groupIds = rows.map(({ group_id }) => group_id).filter((id) => id !== null);
      return {
        isRegistered: first.registered_at !== null,
        groupIds: groupIds.length > 0 ? groupIds : [unassignedComputers],
        facts: factsOf(computerId, first),
      };
    },

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
        await noteLastContact(transaction, Math.max(...rows.map(({ at }) => at)));
      });
      changes.announce('computers');
    },
  };
}

interface SeenComputer {
  computer_id: string;
  /** The last contact. The others are null for a contact of another kind. */
  at: number;
  synced: number | null;
  reported: number | null;
}

/**
 * Contacts of many computers as one statement: on PostgreSQL each one more is a round trip with all of them locked.
 * Times never go back: two servers write what they gathered in any order.
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

/** For an insertion that meets a computer of before: its last contact never goes back, not with a clock that did. */
export const laterContact = sql<number>`case when excluded.last_contact > computers.last_contact
  then excluded.last_contact else computers.last_contact end`;

/** The statements of each check-in of each computer. */
function checkInStatements(tables: Kysely<Tables>) {
  const named = { computer_id: '', dns_name: '', address: '' };
  const seen = { first_contact: 0, last_contact: 0 };
  const authorized = { ...named, ...seen, current_name: '', requested_groups: '', agent_generation: '' };
  const registered = registrationRow(nothing);
  return {
    authorize: prepareInsert(authorized, (rows) =>
      tables
        .insertInto('computers')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('computer_id').doUpdateSet({
            ...excluded('dns_name', 'current_name', 'address', 'requested_groups'),
            last_contact: laterContact,
          }),
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
          return conflict.column('computer_id').doUpdateSet({
            ...excluded(...(Object.keys(known) as (keyof typeof known)[])),
            last_contact: laterContact,
          });
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

    loadName: prepare([''], (computerId) =>
      tables.selectFrom('computers').select('current_name').where('computer_id', '=', computerId),
    ),

    loadMachine: prepare([''], (computerId) =>
      tables
        .selectFrom('computers')
        .select(['manufacturer', 'model', 'architecture', 'os_version', 'registered_at'])
        .where('computer_id', '=', computerId),
    ),

    loadTargeting: prepare([''], (computerId) =>
      tables
        .selectFrom('computers')
        .leftJoin('computer_groups', 'computer_groups.computer_id', 'computers.computer_id')
        .select(['computers.registered_at', 'computer_groups.group_id', 'computers.os_version'])
        .select(['computers.manufacturer', 'computers.model'])
        .where('computers.computer_id', '=', computerId),
    ),
  };
}

function factsOf(computerId: string, row: Pick<ComputersTable, 'os_version' | 'manufacturer' | 'model'>): HoldFacts {
  return {
    computerId,
    osVersion: row.os_version ?? undefined,
    manufacturer: row.manufacturer ?? undefined,
    model: row.model ?? undefined,
  };
}

const idsPerStatement = 500;

/** Requested groups as they are kept. */
function requestedText(groups: readonly string[]): string {
  return cutText(groups.join(';'), textBytes.requestedGroups);
}

function registrationRow(computer: RegisteredComputer) {
  const at = computer.at.getTime();
  const registration = registrationText(computer.registration);
  const fact = (text: string) => cutText(text, textBytes.fact);
  return {
    computer_id: computer.computerId,
    dns_name: cutText(computer.dnsName, textBytes.name),
    address: cutText(computer.address, textBytes.address),
    requested_groups: '',
    agent_generation: 'wsus',
    agent_version: fact(computer.agentVersion),
    os_version: fact(computer.osVersion),
    os_description: fact(computer.osDescription),
    architecture: fact(computer.architecture),
    manufacturer: fact(computer.manufacturer),
    model: fact(computer.model),
    registration,
    os_name: systemNameOf(registration) ?? null,
    first_contact: at,
    last_contact: at,
    registered_at: at,
  };
}

const nothing: RegisteredComputer = {
  ...{ computerId: '', dnsName: '', address: '', agentVersion: '', osVersion: '', osDescription: '', architecture: '' },
  ...{ manufacturer: '', model: '', registration: {}, at: new Date(0) },
};

/** As JSON. Of one that is too long, the numbers, and no text. */
function registrationText(registration: Record<string, unknown>): string {
  const cut = (value: unknown) => (typeof value === 'string' ? cutText(value, textBytes.fact) : value);
  const facts = Object.entries(registration).map(([name, value]) => [name, cut(value)] as const);
  const text = JSON.stringify(Object.fromEntries(facts));
  if (Buffer.byteLength(text) <= textBytes.registration) return text;
  const numbers = facts.filter(([, value]) => typeof value === 'number').slice(0, 100);
  return JSON.stringify(Object.fromEntries(numbers));
}

interface Machine {
  manufacturer: string | null;
  model: string | null;
  architecture: string | null;
  os_version: string | null;
}

/** A newer system is an upgrade, and no change of who the computer is. */
function machineChanges(before: Machine, after: Machine) {
  const hardwareOf = ({ manufacturer, model, architecture }: Machine) =>
    [manufacturer, model, architecture].filter(Boolean).join(', ');
  const systems = { before: before.os_version ?? '', after: after.os_version ?? '' };
  const machines = { before: hardwareOf(before), after: hardwareOf(after) };
  return [
    ...(machines.before !== machines.after ? [{ aspect: 'hardware' as const, ...machines }] : []),
    ...(isOlder(systems.after, systems.before) ? [{ aspect: 'system' as const, ...systems }] : []),
  ];
}

/** Of versions with numbers between dots. */
function isOlder(version: string, than: string): boolean {
  const [some, others] = [version, than].map((one) => one.split('.').map(Number));
  for (const [index, number] of (some ?? []).entries()) {
    const other = others?.[index] ?? 0;
    if (number !== other) return number < other;
  }
  return false;
}

/** The name before and this one are there at a time if this name was known, or the other new. */
async function noteOtherName(
  transaction: Kysely<Tables>,
  { computerId, before, after, at }: { computerId: string; before: string; after: string; at: Date },
): Promise<void> {
  const names = await transaction
    .selectFrom('computer_names')
    .select(['name_key', 'last_seen'])
    .where('computer_id', '=', computerId)
    .where('name_key', 'in', [after, before])
    .execute();
  const isShared = names.some((name) => name.name_key === after || name.last_seen >= at.getTime());
  await noteIdentityChange(transaction, computerId, { at, aspect: 'name', before, after }, { isShared });
}

/** A client that invents names drives out older ones, and stays marked. */
async function forgetOldNames(transaction: Kysely<Tables>, computerId: string, kept: number): Promise<void> {
  const old = await transaction
    .selectFrom('computer_names')
    .select('name_key')
    .where('computer_id', '=', computerId)
    .orderBy('last_seen', 'desc')
    .orderBy('name_key')
    // SQLite knows no offset without a limit. More than one is there only after the bound was lowered.
    .limit(1000)
    .offset(kept)
    .execute();
  if (old.length === 0) return;
  const keys = old.map(({ name_key }) => name_key);
  await transaction
    .deleteFrom('computer_names')
    .where('computer_id', '=', computerId)
    .where('name_key', 'in', keys)
    .execute();
}
