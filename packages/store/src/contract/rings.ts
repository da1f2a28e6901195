// The contract for rings: plans, updates on their way through them, and what computers showed.
import type { RingShare } from '@moult/catalog/holds';
import type { Outcome, Rhythm, Ring, RolloutState, WaitReason } from '@moult/catalog/rings';
import type { Author } from './audit.ts';
import type { DeploymentDecision } from './deployments.ts';

export interface StoredPlan {
  planId: string;
  name: string;
  rings: readonly Ring[];
}

/** One update on its way. */
export interface Rollout {
  rolloutId: string;
  planId: string;
  updateId: string;
  /** Grows with each change. */
  version: number;
  state: RolloutState;
  /** When each ring was reached. */
  reachedAt: readonly number[];
  waitsFor: WaitReason | undefined;
  startedAt: number;
}

/** One agent release on its way. */
export interface ReleaseRollout extends Omit<Rollout, 'updateId'> {
  /** As 7.9.0.2, or 1:7.9.0.2 for epoch 1. */
  release: string;
}

/** One computer as rings look at it. */
export interface RingComputer {
  computerId: string;
  agentVersion: string | undefined;
  /** As its policy names them, with semicolons between. */
  requestedGroups: string;
  groupIds: readonly string[];
  firstContact: number;
  lastContact: number;
  lastSync: number;
  scannedAt: number;
  rhythm: Rhythm;
  /**
   * Of the update: the number of its state, as computer_update_status has it. Of a release, by what the agent told of
   * itself: 4 when it runs there, 5 when it failed there since the release began its way.
   */
  state: number | undefined;
  exposure: RolloutComputer | undefined;
}

/** The outcome of the update on a computer that it was offered to. */
export interface RolloutComputer {
  computerId: string;
  ring: number;
  outcome: Outcome;
  outcomeAt: number;
  connectedAtOffer: number;
}

export interface RolloutChange {
  after: Pick<Rollout, 'state' | 'reachedAt' | 'waitsFor'>;
  computers: readonly RolloutComputer[];
  decisions: readonly Omit<DeploymentDecision, 'administrator'>[];
  records: readonly { action: string; after: unknown }[];
}

export interface RingStore {
  /**
   * Makes a plan, or puts new rings into the one with its id, on record.
   * Again: goes on record again.
   * Concurrent: the last one wins.
   */
  savePlan(plan: StoredPlan, author: Author): Promise<void>;

  /**
   * Removes a plan, with the updates that went through it. Decisions of the plan stay.
   * Again: answers false.
   * Concurrent: one of two calls answers true.
   */
  removePlan(planId: string, author: Author): Promise<boolean>;

  /** All plans of rings, by name. */
  listPlans(): Promise<StoredPlan[]>;

  /** By the time that they began. */
  listRollouts(): Promise<Rollout[]>;

  /** Agent releases that went into rings, by the time that they began. */
  listReleaseRollouts(): Promise<ReleaseRollout[]>;

  /** Updates on their way through percentages of all computers that have not reached all of them. */
  loadShares(): Promise<RingShare[]>;

  /**
   * Changes an update or a release on its way in one transaction: what computers showed, what is decided, and the record. Answers false,
   * and changes nothing, when it is not in the version `before` any more. A `before` of version 0 begins one.
   * Again: answers false.
   * Concurrent: one of two calls answers true.
   */
  changeRollout(before: Rollout | ReleaseRollout, change: RolloutChange, author: Author): Promise<boolean>;

  /**
   * Learns from the last contacts how often computers check in.
   * Again: changes nothing.
   * Concurrent: one after the other. A contact counts once.
   */
  noteRhythms(): Promise<void>;

  /**
   * All computers after `after` by id, `limit` at most, as a rollout looks at them. A release asks WSUS clients only.
   */
  loadRingComputers(rollout: Rollout | ReleaseRollout, after: string, limit: number): Promise<RingComputer[]>;
}
