// Agent releases on their way through rings. The database says how far one is. Signed pins follow it: each step makes them
// again, so a server that was killed between the two leaves nothing behind.
import { randomUUID } from 'node:crypto';
import { type Advance, advance, intervene, startRollout, type Transition } from '@moult/catalog/rings';
import type { ReleaseRollout, RolloutChange, RolloutComputer, Store, StoredPlan } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { type ListedReleaseRollout, listedRelease, type ShownReleaseRollout } from './lists.ts';
import { findPlan, isOpen } from './plans.ts';
import type { ListedRelease, ReleaseDoor } from './release-door.ts';
import { gatherReleaseEvidence, type RingMember } from './release-evidence.ts';
import { recordNames, type Wish } from './rollouts.ts';

type ReleaseStep = Transition & { release: string };

/**
 * Lets each release on its way go on, or halts it, and pins the computers that it reached. Answers what happened. Two
 * servers that step at the same moment step once.
 */
export async function stepReleases(store: Store, door: ReleaseDoor, now: Date): Promise<ReleaseStep[]> {
  const all = await store.listReleaseRollouts();
  const rollout = all.find(isKept);
  if (!rollout) {
    if (all.length > 0) door.lead(undefined, { now, isUrgent: true });
    return [];
  }
  const plan = (await store.listPlans()).find(({ planId }) => planId === rollout.planId);
  if (!plan) return [];
  const { evidence, members, computers } = await gather(store, door, plan, rollout, now);
  const isStopped = await isEverythingStopped(store, now);
  const isHeld = isStopped || rollout.waitsFor === 'signedList';
  // Somebody recalled it: that is a roll back, whoever did it.
  const isRecalled = door.look(rollout.release)?.recalled !== undefined;
  const recalled = isRecalled
    ? intervene(rollout.state, plan, { ...evidence, isHeld }, { action: 'rollBack' })
    : undefined;
  const step = recalled ?? advance(rollout.state, plan, { ...evidence, isHeld }, now.getTime());
  const lead = isStopped ? noLead(rollout.release) : leadOf(door, plan, rollout, step, members);
  const offers = offersOf(lead, members, step, now);
  const change = changeOf(plan, rollout, step, now);
  const author = { name: 'moult', at: now };
  const told = { ...change, computers: [...computers, ...offers] };
  if (!(await store.changeRollout(rollout, told, author))) return [];
  await follow(store, door, rollout.rolloutId, lead, now, step.transitions.length > 0);
  return step.transitions.map((one) => ({ ...one, release: rollout.release }));
}

/**
 * A release begins its way. All computers are pinned to the release before it first, then it is listed. Throws
 * AdministrationError SERVER_NOT_FOUND and SERVER_REFUSED.
 */
export async function enterRelease(
  administration: Administration,
  door: ReleaseDoor,
  named: string,
  version: string,
): Promise<ShownReleaseRollout> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const plan = await findPlan(administration, named);
  const found = await requireEnterable(store, door, version);
  const at = author.at.getTime();
  const state = startRollout(at);
  const rollout: ReleaseRollout = {
    ...{ rolloutId: randomUUID(), planId: plan.planId, release: found.version, version: 0, state, reachedAt: [at] },
    ...{ waitsFor: 'hours', startedAt: at },
  };
  // Before it is listed, and before anybody may read that it is on its way.
  door.lead(noLead(found.version), { now: author.at, isUrgent: true });
  const { members } = await gather(store, door, plan, rollout, author.at);
  const step: Advance = { state, transitions: [], waitsFor: 'hours' };
  const lead = leadOf(door, plan, rollout, step, members);
  const records = [{ action: 'enter rings', after: { rings: plan.name } }];
  const change = { after: { state, reachedAt: [at], waitsFor: 'hours' as const }, decisions: [], records };
  const computers = offersOf(lead, members, step, author.at);
  if (!(await store.changeRollout(rollout, { ...change, computers }, author)))
    throw new AdministrationError('SERVER_REFUSED', `Agent ${found.version} went through rings already.`);
  if (!found.isListed) await door.offer(found.version, author.at);
  await follow(store, door, rollout.rolloutId, lead, author.at, true);
  return showRelease(administration, door, found.version);
}

/**
 * Pauses, resumes, skips a ring, or recalls the release: computers that have it go back. Throws AdministrationError
 * SERVER_NOT_FOUND, and SERVER_REFUSED if its state does not allow the change.
 */
export async function changeReleaseWay(
  administration: Administration,
  door: ReleaseDoor,
  version: string,
  wish: Wish,
): Promise<ShownReleaseRollout> {
  const { store, author } = administration;
  await requireAutonomous(administration);
  const { rollout, plan } = await findRelease(administration, version);
  if (wish.action === 'pause' && wish.until && wish.until <= author.at)
    throw new AdministrationError('SERVER_REFUSED', `The end ${wish.until.toISOString()} of the pause is over.`);
  const { evidence, members } = await gather(store, door, plan, rollout, author.at);
  const asked = wish.action === 'pause' ? { action: wish.action, until: wish.until?.getTime() } : wish;
  const step = intervene(rollout.state, plan, { ...evidence, isHeld: false }, asked);
  if (!step)
    throw new AdministrationError(
      'SERVER_REFUSED',
      `Agent ${rollout.release} is ${rollout.state.status} in ring ${rollout.state.ring + 1} of ${plan.rings.length}: this cannot be done now.`,
    );
  // First, because it is what helps. If this stops here, the next step finds the recall.
  if (wish.action === 'rollBack') door.recall(rollout.release, 'It was rolled back in rings.', author.at);
  const isStopped = await isEverythingStopped(store, author.at);
  const lead = isStopped ? noLead(rollout.release) : leadOf(door, plan, rollout, step, members);
  const computers = offersOf(lead, members, step, author.at);
  const change = changeOf(plan, rollout, step, author.at);
  if (!(await store.changeRollout(rollout, { ...change, computers }, author)))
    throw new AdministrationError('SERVER_REFUSED', 'The rings went on at this moment. Look at them, and try again.');
  await follow(store, door, rollout.rolloutId, lead, author.at, true);
  return showRelease(administration, door, rollout.release);
}

/** One release with what its computers showed. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showRelease(
  administration: Pick<Administration, 'store' | 'author'>,
  door: ReleaseDoor,
  version: string,
): Promise<ShownReleaseRollout> {
  const { rollout, plan } = await findRelease(administration, version);
  const { evidence } = await gather(administration.store, door, plan, rollout, administration.author.at);
  return { ...listedRelease(rollout, plan), evidence };
}

/** All releases that went into rings, by the time that they did. */
export async function listReleases({ store }: Pick<Administration, 'store'>): Promise<ListedReleaseRollout[]> {
  const plans = new Map((await store.listPlans()).map((plan) => [plan.planId, plan]));
  return (await store.listReleaseRollouts()).flatMap((rollout) => {
    const plan = plans.get(rollout.planId);
    return plan ? [listedRelease(rollout, plan)] : [];
  });
}

async function requireEnterable(store: Store, door: ReleaseDoor, version: string): Promise<ListedRelease> {
  const found = door.look(version);
  const isStored = found && (found.isListed || (await door.stored()).includes(found.version));
  if (!found || !isStored)
    throw new AdministrationError(
      'SERVER_NOT_FOUND',
      `There is no agent release "${version}". "moult tree list" lists them.`,
    );
  const refuse = (why: string) =>
    new AdministrationError('SERVER_REFUSED', `Agent ${found.version} cannot enter rings: ${why}.`);
  if (found.recalled !== undefined) throw refuse('it was recalled');
  if (found.base === undefined) throw refuse('there is no release before it, which the other computers keep');
  if (door.handPins().groups.has('all computers'))
    throw refuse('all computers are pinned to a version. Run "moult release unpin --group \'All Computers\'" first');
  const all = await store.listReleaseRollouts();
  if (all.some(({ release }) => release === found.version)) throw refuse('it went through rings already');
  const other = all.find(isKept);
  if (other) throw refuse(`agent ${other.release} is ${other.state.status} in rings. End that first, or roll it back`);
  return found;
}

async function findRelease({ store }: Pick<Administration, 'store'>, version: string) {
  const rollout = (await store.listReleaseRollouts()).find(({ release }) => release === version.trim());
  const plan = rollout && (await store.listPlans()).find(({ planId }) => planId === rollout.planId);
  if (rollout && plan) return { rollout, plan };
  throw new AdministrationError('SERVER_NOT_FOUND', `Agent "${version}" is not on its way through rings.`, {
    subject: 'ring',
  });
}

/** Its pins keep it from some computers. One at a time is so. */
function isKept({ state }: ReleaseRollout): boolean {
  return isOpen(state) || state.status === 'halted';
}

async function isEverythingStopped(store: Store, now: Date): Promise<boolean> {
  const stop = await store.loadStop();
  return stop !== undefined && stop.until > now;
}

async function gather(store: Store, door: ReleaseDoor, plan: StoredPlan, rollout: ReleaseRollout, now: Date) {
  const circumstances = { now: now.getTime(), groups: await store.loadGroups(), hand: door.handPins() };
  return gatherReleaseEvidence(store, plan, rollout, circumstances);
}

type Lead = Parameters<ReleaseDoor['lead']>[0];

function noLead(version: string): NonNullable<Lead> {
  return { version, isForAll: false, computers: [] };
}

/** The computers that have the release after this step. Undefined: no pins. After a roll back the recall keeps it from everybody. */
function leadOf(
  { mostPins }: ReleaseDoor,
  plan: StoredPlan,
  { release }: ReleaseRollout,
  { state }: Advance,
  members: readonly RingMember[],
): Lead {
  if (state.status === 'finished' || state.status === 'rolledBack') return undefined;
  if (state.status === 'halted') return noLead(release);
  const isReached = ({ ring }: RingMember) => ring !== undefined && ring <= state.ring;
  const reached = members.filter(isReached);
  const others = members.filter((one) => !isReached(one));
  const isLast = state.ring >= plan.rings.length - 1;
  const isForAll = others.length <= mostPins && (isLast || reached.length > mostPins);
  // Of more computers than there are pins, the earlier rings have theirs first.
  const some = isForAll ? others : reached.sort((one, other) => (one.ring ?? 0) - (other.ring ?? 0));
  return { version: release, isForAll, computers: some.slice(0, mostPins).map(({ computerId }) => computerId) };
}

/** A computer counts from the moment in which the release is offered to it. */
function offersOf(lead: Lead, members: readonly RingMember[], { state }: Advance, now: Date): RolloutComputer[] {
  if (!lead) return [];
  const named = new Set(lead.computers);
  return members.flatMap(({ computerId, ring, connectedMs, hasRelease, isKnown, exposure }) => {
    if (exposure || !isKnown || ring === undefined || ring > state.ring) return [];
    if (named.has(computerId) === lead.isForAll) return [];
    const outcome = hasRelease ? ('notNeeded' as const) : ('none' as const);
    return [{ computerId, ring, outcome, outcomeAt: now.getTime(), connectedAtOffer: connectedMs }];
  });
}

function changeOf(
  plan: StoredPlan,
  { reachedAt: before, waitsFor: waited }: ReleaseRollout,
  { state, transitions, waitsFor }: Advance,
  now: Date,
): Omit<RolloutChange, 'computers'> {
  const reachedAt = plan.rings.slice(0, state.ring + 1).map((_, at) => before[at] ?? now.getTime());
  const records = transitions.map(({ action, ...after }) => ({ action: `rings: ${recordNames[action]}`, after }));
  const isWaiting = waited === 'signedList' && waitsFor === 'held';
  return { after: { state, reachedAt, waitsFor: isWaiting ? 'signedList' : waitsFor }, decisions: [], records };
}

/** Makes the pins, and notes whether they wait for signatures: a ring that computers cannot see is not watched. */
async function follow(
  store: Store,
  door: ReleaseDoor,
  rolloutId: string,
  lead: Lead,
  now: Date,
  isUrgent: boolean,
): Promise<void> {
  const { isPublished } = door.lead(lead, { now, isUrgent });
  const rollout = (await store.listReleaseRollouts()).find((one) => one.rolloutId === rolloutId);
  if (!rollout || !isOpen(rollout.state)) return;
  const isWaiting = rollout.waitsFor === 'signedList';
  if (isWaiting !== isPublished) return;
  const { state, reachedAt } = rollout;
  const after = { state, reachedAt, waitsFor: isPublished ? ('hours' as const) : ('signedList' as const) };
  await store.changeRollout(rollout, { after, computers: [], decisions: [], records: [] }, { name: 'moult', at: now });
}
