// Rings and updates on their way, as people and programs read them: with names, and times as times.
import type { RingEvidence, RingPolicy, RolloutState } from '@moult/catalog/rings';
import type { ReleaseRollout, Rollout, Store, StoredPlan, TargetGroup } from '@moult/store';
import type { Administration } from '../open-server.ts';
import { findPlan, isOpen } from './plans.ts';

interface ShownRing {
  name: string;
  /** Target groups with all groups inside of them. One that was removed has no name. */
  groups: { groupId: string; name: string | undefined }[];
  /** Percent of all computers, if it is not made of groups. */
  percent?: number;
  policy: RingPolicy;
}

export interface ShownPlan {
  planId: string;
  name: string;
  rings: ShownRing[];
  /** Updates on their way that are running or paused. */
  open: number;
}

/** How far an update is. */
export interface ListedRollout {
  rolloutId: string;
  updateId: string;
  title: string;
  planId: string;
  /** The name of its rings. */
  rings: string;
  status: RolloutState['status'];
  /** The last ring that was reached, from 1. */
  ring: number;
  ringName: string;
  ringCount: number;
  waitsFor: Rollout['waitsFor'];
  pausedUntil: Date | undefined;
  /** Hours that the server watched this ring. */
  watchedHours: number;
  startedAt: Date;
  /** When each ring was reached. */
  reachedAt: Date[];
}

/** How far an agent release is. */
export interface ListedReleaseRollout extends Omit<ListedRollout, 'updateId' | 'title'> {
  /** As 7.9.0.2, or 1:7.9.0.2 for epoch 1. */
  release: string;
}

export interface ShownReleaseRollout extends ListedReleaseRollout {
  evidence: RingEvidence;
}

/** How far it is, and what its computers showed until now. */
export interface ShownRollout extends ListedRollout {
  evidence: RingEvidence;
}

/** All rings, by name. */
export async function listPlans({ store }: Pick<Administration, 'store'>): Promise<ShownPlan[]> {
  const [rollouts, groups] = [await store.listRollouts(), await store.loadGroups()];
  return (await store.listPlans()).map((plan) => shown(plan, rollouts, groups));
}

/** Rings by their name or id. Throws AdministrationError SERVER_NOT_FOUND. */
export async function showPlan({ store }: Pick<Administration, 'store'>, named: string): Promise<ShownPlan> {
  const plan = await findPlan({ store }, named);
  return shown(plan, await store.listRollouts(), await store.loadGroups());
}

/** All updates that went into rings, by the time that they did. */
export async function listRollouts({ store }: Pick<Administration, 'store'>): Promise<ListedRollout[]> {
  const plans = new Map((await store.listPlans()).map((plan) => [plan.planId, plan]));
  const found: ListedRollout[] = [];
  for (const rollout of await store.listRollouts()) {
    const plan = plans.get(rollout.planId);
    if (plan) found.push(listed(rollout, plan, await titleOf(store, rollout.updateId)));
  }
  return found;
}

/** One of them. */
export function listed(rollout: Rollout, plan: StoredPlan, title: string): ListedRollout {
  return { ...wayOf(rollout, plan), updateId: rollout.updateId, title };
}

/** One agent release. */
export function listedRelease(rollout: ReleaseRollout, plan: StoredPlan): ListedReleaseRollout {
  return { ...wayOf(rollout, plan), release: rollout.release };
}

function wayOf(rollout: Omit<Rollout, 'updateId'>, plan: StoredPlan) {
  const { rolloutId, state, waitsFor } = rollout;
  return {
    ...{ rolloutId, planId: plan.planId, rings: plan.name, status: state.status },
    ...{ ring: state.ring + 1, ringName: plan.rings[state.ring]?.name ?? '', ringCount: plan.rings.length, waitsFor },
    pausedUntil: state.pausedUntil === undefined ? undefined : new Date(state.pausedUntil),
    watchedHours: Math.floor(state.watchedMs / 3_600_000),
    startedAt: new Date(rollout.startedAt),
    reachedAt: rollout.reachedAt.map((at) => new Date(at)),
  };
}

async function titleOf(store: Store, updateId: string): Promise<string> {
  return (await store.findRevisions(updateId)).at(-1)?.title ?? updateId;
}

function shown(plan: StoredPlan, rollouts: readonly Rollout[], groups: readonly TargetGroup[]): ShownPlan {
  const names = new Map(groups.map(({ groupId, name }) => [groupId, name]));
  const open = rollouts.filter(({ planId, state }) => planId === plan.planId && isOpen(state));
  return {
    ...{ planId: plan.planId, name: plan.name, open: open.length },
    rings: plan.rings.map(({ name, members, policy }) => ({
      name,
      groups: groupsOf(members).map((groupId) => ({ groupId, name: names.get(groupId) })),
      ...(members.kind === 'percent' && { percent: members.percent }),
      policy,
    })),
  };
}

function groupsOf(members: StoredPlan['rings'][number]['members']): readonly string[] {
  return members.kind === 'groups' ? members.groupIds : [];
}
