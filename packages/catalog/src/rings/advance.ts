// One update, or one agent release, on its way through rings: a state machine over plain values. Evidence comes in,
// time passes, transitions come out. It promotes on evidence only, and stops by itself. A ring without evidence stays.
import { chanceOfAtLeast, highShare } from './chance.ts';
import type { ControlCounts, ExposureCounts, RingEvidence } from './evidence.ts';
import type { RingPlan, RingPolicy } from './plan.ts';

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

type HaltReason = 'failures' | 'silence' | 'notGoodEnough';

export type WaitReason =
  | 'paused'
  | 'held'
  /** The ring has no computers, so it gives no evidence. */
  | 'emptyRing'
  | 'hours'
  | 'installations'
  | 'notGoodEnough'
  /** Too few of its computers checked in again since they have it. */
  | 'unseen'
  /** More computers of the ring than of the control group are later than usual. */
  | 'late'
  /** The control group is away itself, at a weekend for example. A silence does not show then. */
  | 'everybodyAway';

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
  return judge(state, plan, evidence, transitions);
}

function judge(state: RolloutState, plan: RingPlan, evidence: RingEvidence, transitions: Transition[]): Advance {
  const policy = plan.rings[Math.min(state.ring, plan.rings.length - 1)]?.policy;
  if (!policy) return { state, transitions, waitsFor: 'emptyRing' };
  const halt = haltReason(state, policy, evidence);
  if (halt) return end('halt', { ...state, status: 'halted' }, halt);
  const waitsFor = waitReason(state, policy, evidence);
  const hasPatience = state.watchedMs < policy.patienceHours * hourMs;
  if (waitsFor === 'notGoodEnough' && !hasPatience) return end('halt', { ...state, status: 'halted' }, waitsFor);
  if (waitsFor === 'late' && !hasPatience) return end('halt', { ...state, status: 'halted' }, 'silence');
  if (waitsFor) return { state, transitions, waitsFor };
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

function haltReason(state: RolloutState, policy: RingPolicy, { ring, reached, control }: RingEvidence) {
  if ([ring, reached].some((counts) => failsTooOften(counts, state, policy))) return 'failures';
  if (fellSilent(ring, control.ring, state, policy)) return 'silence';
  if (fellSilent(reached, control.reached, state, policy)) return 'silence';
  return undefined;
}

function failsTooOften(counts: ExposureCounts, { accepted }: RolloutState, policy: RingPolicy): boolean {
  const failed = counts.failed - accepted.failed;
  const tried = counts.proven + counts.installed + counts.failed;
  if (failed <= 0 || failed <= (tried * policy.failurePercent) / 100) return false;
  return chanceOfAtLeast(failed, tried, policy.usualFailurePercent / 100) < surely;
}

/**
 * Compared with computers that were not offered it: at a weekend these are silent too. Without them a silence says
 * nothing.
 */
function fellSilent(
  { silent, watched }: ExposureCounts,
  control: ControlCounts,
  { accepted }: RolloutState,
  { silencePercent }: RingPolicy,
): boolean {
  if (control.watched < fewestControls) return false;
  const more = silent - accepted.silent;
  const usual = highShare(control.silent, control.watched);
  if (more < fewestSilent || more / watched < usual + silencePercent / 100) return false;
  return chanceOfAtLeast(more, watched, usual) < surely;
}

/** The first thing that is missing. */
function waitReason(state: RolloutState, policy: RingPolicy, evidence: RingEvidence): WaitReason | undefined {
  const { ring, reached, members, control, isHeld } = evidence;
  if (isHeld) return 'held';
  // If the policy asks for no installation, time alone decides.
  if (members === 0 && policy.installed > 0) return 'emptyRing';
  if (state.watchedMs < policy.hours * hourMs) return 'hours';
  if (ring.proven < wantedInstallations(state, policy, ring)) return 'installations';
  if ([ring, reached].some((counts) => !isGoodEnough(counts, state, policy))) return 'notGoodEnough';
  if (hasUnseen(ring, state, policy)) return 'unseen';
  return presenceReason(ring, control.ring, state) ?? presenceReason(reached, control.reached, state);
}

/** Of a ring with fewer computers that need it, all. Only patience shows that no more of them come. */
function wantedInstallations({ watchedMs }: RolloutState, policy: RingPolicy, ring: ExposureCounts): number {
  if (watchedMs < policy.patienceHours * hourMs) return policy.installed;
  const possible = ring.proven + ring.installed + ring.pending + ring.failed;
  return Math.min(policy.installed, Math.max(1, possible));
}

function isGoodEnough(counts: ExposureCounts, { accepted }: RolloutState, policy: RingPolicy): boolean {
  const failed = Math.max(0, counts.failed - accepted.failed);
  const tried = counts.proven + failed;
  if (tried === 0) return true;
  if (counts.proven < (tried * policy.goodPercent) / 100) return false;
  return chanceOfAtLeast(failed, tried, policy.usualFailurePercent / 100) >= perhaps;
}

/** A crash looks like this before it looks like silence. Those that never come back are silent when patience ends. */
function hasUnseen({ unseen, watched }: ExposureCounts, { accepted, watchedMs }: RolloutState, policy: RingPolicy) {
  return (
    watchedMs < policy.patienceHours * hourMs && unseen - accepted.silent > (watched * (100 - policy.goodPercent)) / 100
  );
}

function presenceReason(counts: ExposureCounts, control: ControlCounts, { accepted }: RolloutState) {
  if (control.watched < fewestControls) return undefined;
  const absent = control.late + control.silent;
  if (absent > control.watched * awayShare) return 'everybodyAway';
  const missing = counts.late + counts.silent - accepted.silent;
  // To wait costs little: here a doubt is enough.
  const usual = (absent + 1) / (control.watched + 2);
  const silent = counts.silent - accepted.silent;
  const isDoubtful =
    silent >= fewestSilent &&
    chanceOfAtLeast(silent, counts.watched, highShare(control.silent, control.watched)) < hardly;
  if (isDoubtful) return 'late';
  return chanceOfAtLeast(missing, counts.watched, usual) < inDoubt ? 'late' : undefined;
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
/** By chance, one step in a thousand halts an update that is as good as usual. */
const surely = 0.001;
const hardly = 0.01;
const perhaps = 0.05;
const inDoubt = 0.2;
const fewestControls = 3;
const fewestSilent = 3;
/** The part of the control group that may be late while a ring goes on. */
const awayShare = 0.25;
