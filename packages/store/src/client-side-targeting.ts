// Client-side targeting: the policy on a computer names its groups.

import type { Kysely } from 'kysely';
import { recordAudit } from './audit.ts';
import { unassignedComputers } from './built-in-groups.ts';
import { markChange } from './configuration.ts';
import { keptBounds } from './declared-bounds.ts';
import type { Tables } from './schema.ts';

// Moves of one computer are put on record ten times an hour: whoever names other groups with each call must not fill
// the record, which is never shortened. Each takes six minutes, an hour ahead at most.
const hourMs = 3_600_000;

interface TargetedComputer {
  computerId: string;
  requestedGroups: readonly string[];
  at: Date;
}

/**
 * Puts the computer into exactly those of its requested groups that exist. Writes only what differs: most computers ask
 * for the groups that they are in, every few hours. `mayRecord` says whether the record has room for another move: it
 * is asked for each one before it is recorded.
 */
export async function assignRequested(
  transaction: Kysely<Tables>,
  computer: TargetedComputer,
  mayRecord: () => boolean = () => true,
): Promise<void> {
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
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  if ((await hasRoomForComputer(transaction, computerId, at)) && mayRecord()) {
    const moved = { before: namesOf(before), after: namesOf(after) };
    const change = { action: 'target computer', subject: computerId, ...moved };
    await recordAudit(transaction, { name: 'client-side targeting', at }, change);
  }
  await markChange(transaction, 'computers');
}

async function hasRoomForComputer(transaction: Kysely<Tables>, computerId: string, at: Date): Promise<boolean> {
  const time = at.getTime();
  const row = await transaction
    .selectFrom('computers')
    .select('targeting_noted_until')
    .where('computer_id', '=', computerId)
    .executeTakeFirst();
  const until = row?.targeting_noted_until ?? 0;
  // Later than an hour ahead: by a clock that was ahead.
  const from = until < time || until > time + hourMs ? time : until;
  const next = from + hourMs / keptBounds.targetingRecordsPerHour;
  if (next > time + hourMs) return false;
  const where = transaction.updateTable('computers').where('computer_id', '=', computerId);
  await where.set({ targeting_noted_until: next }).execute();
  return true;
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

function isNameOfGroup(name: string): boolean {
  return name !== '' && name.length <= 256;
}

/** Those of the names that are groups somebody can be put into. */
async function groupsNamed(transaction: Kysely<Tables>, names: readonly string[]) {
  const keys = [...new Set(names.map((name) => name.trim().toLowerCase()).filter(isNameOfGroup))];
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
