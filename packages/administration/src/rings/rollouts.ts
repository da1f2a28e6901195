// Updates on their way through rings: the step of the clock, and what persons do.
import { randomUUID } from 'node:crypto';
import { allComputers, objectionTo } from '@moult/catalog';
import {
  type Advance,
  advance,
  intervene,
  type RingEvidence,
  shareReached,
  startRollout,
  type Transition,
} from '@moult/catalog/rings';
import type { Rollout, RolloutChange, Store, StoredPlan } from '@moult/store';
import { loadDecided, openTerms } from '../decided-update.ts';
import { AdministrationError } from '../errors.ts';
import { findDecidable } from '../find.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { gatherEvidence } from './evidence.ts';
import { listed, type ShownRollout } from './lists.ts';
import { findPlan, isOpen } from './plans.ts';

interface LoadedRollout extends Rollout {
  title: string;
  plan: StoredPlan;
  evidence: RingEvidence;
}

/**
 * Lets each update on its way go on, or halts it, by what computers showed. Answers what happened. Two servers that step at
 * the same moment step once.
 */
export async function stepRollouts(store: Store, now: Date): Promise<(Transition & { updateId: string })[]> {
  await store.noteRhythms();
  const open = (await store.listRollouts()).filter(({ state }) => isOpen(state));
  if (open.length === 0) return [];
  const plans = new Map((await store.listPlans()).map((plan) => [plan.planId, plan]));
  const heldSinceOf = await loadHeld(store, open, now);
  const groups = await store.loadGroups();
  const done: (Transition & { updateId: string })[] = [];
  for (const rollout of open) {
    const plan = plans.get(rollout.planId);
    if (!plan) continue;
    const heldSince = heldSinceOf(rollout);
    const circumstances = { now: now.getTime(), heldSince, groups };
    const { evidence, computers } = await gatherEvidence(store, plan, rollout, circumstances);
    const isHeld = heldSince !== undefined;
    const step = advance(rollout.state, plan, { ...evidence, isHeld }, now.getTime());
    // A computer that asks for updates during a hold is offered nothing. Only its next request after the hold counts.
    const reached = isHeld ? { ...rollout, reachedAt: rollout.reachedAt.map(() => now.getTime()) } : rollout;
    const change = await changeOf(store, plan, reached, step, now);
    if (await store.changeRollout(rollout, { ...change, computers }, { name: 'moult', at: now }))
      done.push(...step.transitions.map((one) => ({ ...one, updateId: rollout.updateId })));
  }
  return done;
}

/** An update begins its way: it is approved for the first ring. Throws AdministrationError as approve does. */
export async function enterRings(administration: Administration, named: string, update: string): Promise<ShownRollout> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const plan = await findPlan(administration, named);
  const found = await findDecidable(store, update);
  const newest = (await store.findRevisions(found.updateId)).at(-1) ?? found;
  const decided = await loadDecided(store, newest);
  const objection = objectionTo(decided.update, decided.members, {
    ...{ action: 'Install', now: author.at, allowPastDeadline: false },
  });
  if (objection || (await openTerms(store, decided)).length > 0)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `"${found.title}" cannot enter rings: ${objection ?? 'its license terms are not accepted'}. "moult approve" says more.`,
    );
  const at = author.at.getTime();
  const state = startRollout(at);
  const rollout: Rollout = {
    ...{ rolloutId: randomUUID(), planId: plan.planId, updateId: found.updateId, version: 0, state, reachedAt: [at] },
    ...{ waitsFor: 'hours', startedAt: at },
  };
  const step: Advance = { state, transitions: [], waitsFor: 'hours' };
  const change = await changeOf(store, plan, { ...rollout, reachedAt: [] }, step, author.at);
  const records = [{ action: 'enter rings', after: { rings: plan.name } }];
  if (!(await store.changeRollout(rollout, { ...change, computers: [], records }, author)))
    throw new AdministrationError('SERVER_REFUSED', `"${found.title}" went through rings already.`);
  return showRollout(administration, found.updateId);
}

export type Wish = { action: 'pause'; until: Date | undefined } | { action: 'resume' | 'skip' | 'rollBack' };

/**
 * Pauses, resumes, skips a ring, or rolls an update back in all rings. Rolling back removes it from computers if it can
 * be removed. Throws AdministrationError SERVER_NOT_FOUND, and SERVER_REFUSED if its state does not allow the change.
 */
export async function changeWay(administration: Administration, update: string, wish: Wish): Promise<ShownRollout> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const shown = await loadRollout(administration, update);
  if (wish.action === 'pause' && wish.until && wish.until <= author.at)
    throw new AdministrationError('SERVER_REFUSED', `The end ${wish.until.toISOString()} of the pause is over.`);
  // An approval ends the decline.
  if ((wish.action === 'resume' || wish.action === 'skip') && (await isDeclined(store, shown)))
    throw new AdministrationError(
      'SERVER_REFUSED',
      `"${shown.title}" is declined. End that first: moult decline --undo.`,
    );
  const asked = wish.action === 'pause' ? { action: wish.action, until: wish.until?.getTime() } : wish;
  const step = intervene(shown.state, shown.plan, shown.evidence, asked);
  if (!step)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `"${shown.title}" is ${shown.state.status} in ring ${shown.state.ring + 1} of ${shown.plan.rings.length}: this cannot be done now.`,
    );
  const change = await changeOf(store, shown.plan, shown, step, author.at);
  if (!(await store.changeRollout(shown, { ...change, computers: [] }, author)))
    throw new AdministrationError('SERVER_REFUSED', 'The rings went on at this moment. Look at them, and try again.');
  return showRollout(administration, shown.updateId);
}

async function isDeclined(store: Store, { updateId }: Rollout): Promise<boolean> {
  return (await store.loadDecided([updateId])).get(updateId)?.isDeclined ?? false;
}

/** Of one update. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showRollout(administration: Administration, update: string): Promise<ShownRollout> {
  const found = await loadRollout(administration, update);
  return { ...listed(found, found.plan, found.title), evidence: found.evidence };
}

async function loadRollout({ store, author }: Administration, update: string): Promise<LoadedRollout> {
  const { updateId, title } = await findDecidable(store, update);
  const rollout = (await store.listRollouts()).find((one) => one.updateId === updateId);
  const plan = rollout && (await store.listPlans()).find(({ planId }) => planId === rollout.planId);
  if (!rollout || !plan)
    throw new AdministrationError('SERVER_NOT_FOUND', `"${title}" is not on its way through rings.`, {
      subject: 'ring',
    });
  const heldSince = (await loadHeld(store, [rollout], author.at))(rollout);
  const circumstances = { now: author.at.getTime(), heldSince, groups: await store.loadGroups() };
  const { evidence } = await gatherEvidence(store, plan, rollout, circumstances);
  return { ...rollout, title, plan, evidence };
}

/**
 * The time since when an update is held, in milliseconds. Undefined while it is offered. For a hold and a decline Moult
 * only knows the step before.
 */
async function loadHeld(
  store: Store,
  rollouts: readonly Rollout[],
  now: Date,
): Promise<(rollout: Rollout) => number | undefined> {
  const stop = await store.loadStop();
  if (stop && stop.until > now) return () => stop.since.getTime();
  const holds = (await store.resolveHolds()).filter(
    ({ effect, endsAt }) => effect === 'hold' && !(endsAt && endsAt <= now),
  );
  const held = new Set<string>(holds.flatMap(({ heldUpdates }) => heldUpdates));
  const decided = await store.loadDecided(rollouts.map(({ updateId }) => updateId));
  for (const [updateId, { isDeclined }] of decided) if (isDeclined) held.add(updateId);
  return ({ updateId, state }) => (held.has(updateId) ? state.steppedAt : undefined);
}

/**
 * The change of a step. It has a record with the numbers, and decisions for rings that it reaches, withdraws or offers
 * again.
 */
async function changeOf(
  store: Store,
  plan: StoredPlan,
  rollout: Rollout,
  { state, transitions, waitsFor }: Advance,
  now: Date,
): Promise<Omit<RolloutChange, 'computers'>> {
  const reachedAt = plan.rings.slice(0, state.ring + 1).map((_, at) => rollout.reachedAt[at] ?? now.getTime());
  const records = transitions.map(({ action, ...after }) => ({ action: `rings: ${recordNames[action]}`, after }));
  const after = { state, reachedAt, waitsFor };
  // Between two transitions a person may decide otherwise, and that stays.
  if (transitions.length === 0 && rollout.reachedAt.length > 0) return { after, decisions: [], records };
  const wanted = await actionOf(store, rollout, state.status, now);
  const decisions: RolloutChange['decisions'][number][] = [];
  const decided = (await store.loadDecided([rollout.updateId])).get(rollout.updateId)?.deployments ?? [];
  const known = new Map(decided.map((one) => [one.groupId, one]));
  const groups = new Set((await store.loadGroups()).map(({ groupId }) => groupId));
  // Servers below are told of percentages when all computers are reached. They go by the time of the decision.
  const isWholeNow =
    shareReached(plan, rollout.state.ring) !== undefined && shareReached(plan, state.ring) === undefined;
  const reached = plan.rings.slice(0, state.ring + 1).flatMap(({ members }) => groupsOf(members));
  for (const groupId of new Set(reached)) {
    const before = known.get(groupId);
    // A group that was removed, and what a person or a rule decided, stays as it is.
    if (!groups.has(groupId) || (before && before.by !== `ring:${rollout.rolloutId}`)) continue;
    if ((before?.action ?? 'Inherit') !== wanted || (groupId === allComputers && isWholeNow))
      decisions.push({ updateId: rollout.updateId, groupId, action: wanted, deadline: undefined });
  }
  return { after, decisions, records };
}

/** Percentages are of all computers. The part that was reached is worked out from the rings. */
function groupsOf(members: StoredPlan['rings'][number]['members']): readonly string[] {
  return members.kind === 'groups' ? members.groupIds : [allComputers];
}

export const recordNames: Readonly<Record<Transition['action'], string>> = {
  ...{ start: 'start', promote: 'go on', finish: 'finish', halt: 'halt', pause: 'pause', resume: 'resume' },
  ...{ skip: 'skip', rollBack: 'roll back' },
};

/**
 * The update is offered while the rollout goes on. A halt ends the offer. Rolling back removes the update where it can
 * be.
 */
async function actionOf(store: Store, rollout: Rollout, status: string, now: Date) {
  if (status === 'running' || status === 'paused' || status === 'finished') return 'Install';
  if (status === 'halted') return 'Inherit';
  const newest = (await store.findRevisions(rollout.updateId)).at(-1);
  if (!newest) return 'Inherit';
  const { update, members } = await loadDecided(store, newest);
  const objection = objectionTo(update, members, { action: 'Uninstall', now, allowPastDeadline: false });
  return objection ? 'Inherit' : 'Uninstall';
}
