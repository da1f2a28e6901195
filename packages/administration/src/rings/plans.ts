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
  /** Names or ids of groups. */
  groups: readonly string[];
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
    const groupIds: string[] = [];
    for (const group of one.groups) groupIds.push((await findGroup(store, group)).groupId);
    rings.push({
      name: one.name.trim(),
      members: { kind: 'groups', groupIds },
      policy: policyOf(one.policy),
    });
  }
  const fault = faultOf({ name, rings });
  if (name.trim() === '' || name.length > 256 || fault) {
    const where = [fault?.fault ?? 'no-name', fault?.ring, fault?.setting].filter(Boolean).join(', ');
    throw new AdministrationError('SERVER_REFUSED', `These rings cannot be used: ${where}.`);
  }
  const plan = { planId: randomUUID(), name: name.trim(), rings };
  try {
    await store.savePlan(plan, author);
  } catch (error) {
    throw asAdministrationError(error, 'ring');
  }
  return plan;
}

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
  const rollouts = await administration.store.listRollouts();
  const open = rollouts.filter(({ planId, state }) => planId === plan.planId && isOpen(state));
  if (open.length > 0)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `${open.length} updates are on their way through "${plan.name}". Let them end, or undo them first.`,
    );
  await administration.store.removePlan(plan.planId, administration.author);
  return plan;
}

/** It may still go on by itself. */
export function isOpen({ status }: RolloutState): boolean {
  return status === 'running' || status === 'paused';
}
