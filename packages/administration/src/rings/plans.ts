// Ring plans as administrators keep them: ordered rings of target groups.
import { randomUUID } from 'node:crypto';
import { defaultRingPolicy, faultOf, type Ring, type RingPolicy, type RolloutState } from '@moult/catalog/rings';
import type { StoredPlan } from '@moult/store';
import { AdministrationError, asAdministrationError } from '../errors.ts';
import { findGroup } from '../find.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';

interface NewRing {
  name: string;
  /** Names or ids of groups. None for a ring of `percent`. */
  groups?: readonly string[] | undefined;
  /** So many percent of all computers, of those that no ring before names. */
  percent?: number | undefined;
  /** The defaults fill in what is missing. */
  policy?: { [Name in keyof RingPolicy]?: RingPolicy[Name] | undefined } | undefined;
}

/** Throws AdministrationError SERVER_NOT_FOUND for a group, SERVER_REFUSED for rings that cannot be. */
export async function addPlan(
  administration: Administration,
  name: string,
  wanted: readonly NewRing[],
): Promise<StoredPlan> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const rings: Ring[] = [];
  for (const one of wanted) {
    const members = await membersOf(store, one);
    rings.push({ name: one.name.trim(), members, policy: policyOf(one.policy) });
  }
  const fault = faultOf({ name, rings });
  if (name.trim() === '' || name.length > 256 || fault) {
    const where = [fault?.ring && `ring "${fault.ring}"`, fault?.setting].filter(Boolean).join(', ');
    const says = faultWords[fault?.fault ?? 'no-name'];
    throw new AdministrationError(
      'SERVER_REFUSED',
      `These rings cannot be used: ${says}${where === '' ? '' : ` (${where})`}.`,
    );
  }
  const plan = { planId: randomUUID(), name: name.trim(), rings };
  try {
    await store.savePlan(plan, author);
  } catch (error) {
    throw asAdministrationError(error, 'ring');
  }
  return plan;
}

async function membersOf(
  store: Administration['store'],
  { name, groups = [], percent }: NewRing,
): Promise<Ring['members']> {
  if (percent !== undefined && groups.length > 0)
    throw new AdministrationError('SERVER_REFUSED', `Ring "${name}" has groups and percent. Give one of them.`);
  if (percent !== undefined) return { kind: 'percent', percent };
  const groupIds: string[] = [];
  for (const group of groups) groupIds.push((await findGroup(store, group)).groupId);
  return { kind: 'groups', groupIds };
}

const faultWords: Readonly<Record<NonNullable<ReturnType<typeof faultOf>>['fault'], string>> = {
  'no-rings': 'there is none',
  'too-many-rings': 'there are too many',
  'no-name': 'a name is missing or too long',
  'same-name': 'two have one name',
  'no-groups': 'one has neither groups nor percent',
  percent: 'percent is above 0, and at most 100',
  'percent-below-100': 'the percentages are less than 100 together, so some computers would never get an update',
  'groups-after-percent': 'groups come before percentages, because these are of all computers',
  'all-before-percent': 'All Computers leaves none for the percentages',
  policy: 'a number is out of its range',
};

function policyOf(given: NewRing['policy'] = {}): RingPolicy {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultRingPolicy, ...Object.fromEntries(known) };
}

/** A plan by its name or id. Throws AdministrationError SERVER_NOT_FOUND. */
export async function findPlan({ store }: Pick<Administration, 'store'>, named: string): Promise<StoredPlan> {
  const key = named.trim().toLowerCase();
  const found = (await store.listPlans()).find(({ planId, name }) => planId === key || name.toLowerCase() === key);
  if (!found) throw new AdministrationError('SERVER_NOT_FOUND', `There are no rings "${named}".`, { subject: 'ring' });
  return found;
}

/**
 * Forgets rings, with the updates that went through them. Approvals stay. Throws AdministrationError SERVER_NOT_FOUND,
 * and SERVER_REFUSED while an update is on its way.
 */
export async function removePlan(administration: Administration, named: string): Promise<StoredPlan> {
  const plan = await findPlan(administration, named);
  const { store } = administration;
  const updates = (await store.listRollouts()).filter(({ state }) => isOpen(state));
  // Pins of a release that halted keep it from the other computers.
  const releases = (await store.listReleaseRollouts()).filter(
    ({ state }) => isOpen(state) || state.status === 'halted',
  );
  const open = [...updates, ...releases].filter(({ planId }) => planId === plan.planId);
  if (open.length > 0)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `${open.length} updates or releases are on their way through "${plan.name}". Let them end, or undo them first.`,
    );
  await administration.store.removePlan(plan.planId, administration.author);
  return plan;
}

/** It may still go on by itself. */
export function isOpen({ status }: RolloutState): boolean {
  return status === 'running' || status === 'paused';
}
