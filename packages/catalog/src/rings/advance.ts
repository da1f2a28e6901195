// One update, or one agent release, on its way through rings: a state machine over plain values. Evidence comes in,
// time passes, transitions come out. It promotes on evidence only, and stops by itself. A ring without evidence stays.
import type { RingEvidence } from './evidence.ts';
import type { RingPlan } from './plan.ts';
import { type HaltReason, haltReason, type WaitReason, waitReason } from './verdict.ts';

export type { WaitReason };

type RolloutStatus = 'running' | 'paused' | 'halted' | 'finished' | 'rolledBack';

export interface RolloutState {
  status: RolloutStatus;
  /** The last ring that was reached, from 0. Those before it have it too. */
  ring: number;
  /** How long the server watched this ring. Of the time between two steps `watchedPerStepMs` counts at most. */
  watchedMs: number;
  steppedAt: number;
  /** Ends a pause by itself. */
  pausedUntil: number | undefined;
  /** Failed and silent computers that somebody took note of when he resumed what had halted: they halt it no more. */
  accepted: { failed: number; silent: number };
}

type RolloutAction = 'start' | 'promote' | 'finish' | 'halt' | 'pause' | 'resume' | 'skip' | 'rollBack';

export interface Transition {
  action: RolloutAction;
  reason?: HaltReason | 'pauseEnded' | undefined;
  fromRing: number;
  toRing: number;
  status: RolloutStatus;
  watchedHours: number;
  evidence: RingEvidence;
}

export interface Advance {
  state: RolloutState;
  transitions: Transition[];
  /** Why it does not go on. Undefined for one that ended, halted, or just went on. */
  waitsFor: WaitReason | undefined;
}

/** A longer time between two steps was not watched: the server was down, or a clock jumped. */
const watchedPerStepMs = 3_600_000;

export function startRollout(now: number): RolloutState {
  return {
    ...{ status: 'running', ring: 0, watchedMs: 0, steppedAt: now, pausedUntil: undefined },
    accepted: { failed: 0, silent: 0 },
  };
}

/**
 * One step. The same arguments give the same answer, and a step at the time of the last one adds no time. Never goes on by
 * more than one ring.
 */
export function advance(before: RolloutState, plan: RingPlan, evidence: RingEvidence, now: number): Advance {
  const passed = Math.min(Math.max(now - before.steppedAt, 0), watchedPerStepMs);
  const transitions: Transition[] = [];
  let state: RolloutState = { ...before, steppedAt: now };
  if (state.status === 'paused' && state.pausedUntil !== undefined && now >= state.pausedUntil) {
    state = { ...state, status: 'running', pausedUntil: undefined };
    transitions.push(transitionOf('resume', before, state, evidence, 'pauseEnded'));
  }
  if (state.status !== 'running') {
    return { state, transitions, waitsFor: state.status === 'paused' ? 'paused' : undefined };
  }
  // While everything is stopped computers show nothing: such time is not watched.
  if (!evidence.isHeld) state = { ...state, watchedMs: state.watchedMs + passed };
  return judge(state, plan, evidence, { transitions, before });
}

function judge(
  state: RolloutState,
  plan: RingPlan,
  evidence: RingEvidence,
  { transitions, before }: { transitions: Transition[]; before: RolloutState },
): Advance {
  const policy = plan.rings[Math.min(state.ring, plan.rings.length - 1)]?.policy;
  if (!policy) return { state, transitions, waitsFor: 'emptyRing' };
  const trial = { accepted: state.accepted, rings: plan.rings.length, policy, evidence };
  const halt = haltReason(trial, { fromMs: before.watchedMs, toMs: state.watchedMs });
  if (halt) return end('halt', { ...state, status: 'halted' }, halt);
  const found = waitReason(trial, state.watchedMs);
  if (found && 'halt' in found) return end('halt', { ...state, status: 'halted' }, found.halt);
  if (found) return { state, transitions, waitsFor: found.waitsFor };
  if (state.ring >= plan.rings.length - 1) return end('finish', { ...state, status: 'finished' });
  return end('promote', { ...state, ring: state.ring + 1, watchedMs: 0 });

  function end(action: RolloutAction, after: RolloutState, reason?: HaltReason): Advance {
    const transition = transitionOf(action, state, after, evidence, reason);
    return { state: after, transitions: [...transitions, transition], waitsFor: undefined };
  }
}

/** By what a person asks for. Undefined where the state does not allow it. */
export function intervene(
  before: RolloutState,
  plan: RingPlan,
  evidence: RingEvidence,
  wish: { action: 'pause'; until: number | undefined } | { action: 'resume' | 'skip' | 'rollBack' },
): Advance | undefined {
  const after = intervention(before, plan, evidence, wish);
  if (!after) return undefined;
  return {
    state: after,
    transitions: [transitionOf(wish.action, before, after, evidence)],
    waitsFor: after.status === 'paused' ? 'paused' : undefined,
  };
}

function intervention(
  before: RolloutState,
  plan: RingPlan,
  evidence: RingEvidence,
  wish: Parameters<typeof intervene>[3],
): RolloutState | undefined {
  const { failed, silent } = evidence.reached;
  const accepted = before.status === 'halted' ? { failed, silent } : before.accepted;
  switch (wish.action) {
    case 'pause':
      if (before.status !== 'running' && before.status !== 'paused') return undefined;
      return { ...before, status: 'paused', pausedUntil: wish.until };
    case 'resume':
      if (before.status !== 'paused' && before.status !== 'halted') return undefined;
      return { ...before, status: 'running', pausedUntil: undefined, accepted };
    case 'skip':
      if (before.status === 'finished' || before.status === 'rolledBack') return undefined;
      if (before.ring >= plan.rings.length - 1) return undefined;
      return { ...before, status: 'running', ring: before.ring + 1, watchedMs: 0, pausedUntil: undefined, accepted };
    case 'rollBack':
      return before.status === 'rolledBack' ? undefined : { ...before, status: 'rolledBack', pausedUntil: undefined };
  }
}

function transitionOf(
  action: RolloutAction,
  before: RolloutState,
  after: RolloutState,
  evidence: RingEvidence,
  reason?: Transition['reason'],
): Transition {
  return {
    ...{ action, reason, fromRing: before.ring, toRing: after.ring, status: after.status, evidence },
    watchedHours: Math.round(before.watchedMs / hourMs),
  };
}

const hourMs = 3_600_000;
