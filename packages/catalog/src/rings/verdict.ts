// Figures of a ring decide whether it halts, and what it waits for. Chance halts at most 1 of 100 good updates, over all
// looks and all rings. `chances` has the parts of that. To wait costs little, so a doubt is enough.
import { chanceInGroup, chanceOfAtLeast, highShare, weightOfHarm } from './chance.ts';
import type { ControlCounts, ExposureCounts, RingEvidence } from './evidence.ts';
import type { RingPolicy } from './plan.ts';

export type HaltReason = 'failures' | 'silence' | 'notGoodEnough';

export type WaitReason =
  | 'paused'
  | 'held'
  /** Of an agent release: the signed list that agents read does not have its pins yet. */
  | 'signedList'
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

interface Trial {
  /** Failed and silent computers that count no more. */
  accepted: { failed: number; silent: number };
  /** Rings of the plan: each has an equal part of the chances. */
  rings: number;
  policy: RingPolicy;
  evidence: RingEvidence;
}

/** Of a good update on its whole way. Together 1 of 100. */
const chances = {
  /** Failures at any moment. */
  failures: 0.001,
  /** Failures when the patience with a ring ends: one look. */
  failuresAtEnd: 0.003,
  /** Silence, over all looks. */
  silence: 0.003,
  /** Silence when the patience with a ring ends: one look. */
  silenceAtEnd: 0.003,
};
/** The ring, and all that were reached. */
const testsOfRing = 2;
const part = (chance: number, { rings }: Pick<Trial, 'rings'>) => chance / rings / testsOfRing;

/** Why it halts now. `fromMs` and `toMs`: how long the ring was watched at the step before, and is now. */
export function haltReason(trial: Trial, { fromMs, toMs }: { fromMs: number; toMs: number }): HaltReason | undefined {
  const { ring, reached, control } = trial.evidence;
  if ([ring, reached].some((counts) => failsTooOften(counts, trial))) return 'failures';
  // The silence of now says much the same as that of an hour ago: few looks are enough, and each costs a part of the chance.
  const look = Math.floor(toMs / lookMs);
  if (look === Math.floor(fromMs / lookMs)) return undefined;
  const chance = part(chances.silence, trial) * partOfLook(look, trial);
  if (fellSilent(ring, control.ring, trial, chance)) return 'silence';
  return fellSilent(reached, control.reached, trial, chance) ? 'silence' : undefined;
}

/** Says why it waits, or why it halts when the patience with a ring is over. Undefined when it goes on. */
export function waitReason(
  trial: Trial,
  watchedMs: number,
): { waitsFor: WaitReason } | { halt: HaltReason } | undefined {
  const { policy, evidence } = trial;
  const { ring, reached, members, control, isHeld } = evidence;
  const hasPatience = watchedMs < policy.patienceHours * hourMs;
  if (isHeld) return { waitsFor: 'held' };
  // If the policy asks for no installation, time alone decides.
  if (members === 0 && policy.installed > 0) return { waitsFor: 'emptyRing' };
  if (watchedMs < policy.hours * hourMs) return { waitsFor: 'hours' };
  if (ring.proven < wantedInstallations(ring, policy, hasPatience)) return { waitsFor: 'installations' };
  const pairs = [[ring, control.ring] as const, [reached, control.reached] as const];
  if (!hasPatience) {
    if (pairs.some(([, ofControl]) => isAway(ofControl))) return { waitsFor: 'everybodyAway' };
    return endOfPatience(trial);
  }
  if ([ring, reached].some((counts) => !isGoodEnough(counts, trial))) return { waitsFor: 'notGoodEnough' };
  if (hasUnseen(ring, trial)) return { waitsFor: 'unseen' };
  for (const [counts, ofControl] of pairs) {
    const reason = presenceReason(counts, ofControl, trial);
    if (reason) return { waitsFor: reason };
  }
  return undefined;
}

/** Goes on without a proof that it is bad: one failure of few computers proves nothing, and the next ring tells more. */
function endOfPatience(trial: Trial): { halt: HaltReason } | undefined {
  const { policy, evidence } = trial;
  const { ring, reached, control } = evidence;
  const isBad = (counts: ExposureCounts) => {
    const { failed, tried } = triedOf(counts, trial);
    if (failed <= (tried * policy.failurePercent) / 100) return false;
    return chanceOfAtLeast(failed, tried, policy.usualFailurePercent / 100) < part(chances.failuresAtEnd, trial);
  };
  if ([ring, reached].some(isBad)) return { halt: 'notGoodEnough' };
  const chance = part(chances.silenceAtEnd, trial);
  const areSilent =
    fellSilent(ring, control.ring, trial, chance) || fellSilent(reached, control.reached, trial, chance);
  return areSilent ? { halt: 'silence' } : undefined;
}

/** Computers that were offered it and told nothing count as good here: so failures that are told first do not mislead. */
function failsTooOften(counts: ExposureCounts, trial: Trial): boolean {
  const { policy } = trial;
  const { failed, tried } = triedOf(counts, trial);
  if (failed < fewestFailed || failed <= (tried * policy.failurePercent) / 100) return false;
  const weight = weightOfHarm(failed, counts.offered, policy.usualFailurePercent / 100);
  return weight > Math.log(1 / part(chances.failures, trial));
}

function triedOf(counts: ExposureCounts, { accepted }: Trial) {
  const failed = Math.max(0, counts.failed - accepted.failed);
  return { failed, tried: counts.proven + counts.installed + failed };
}

/**
 * Compared with computers that were not offered it: at a weekend these are silent too. Without them a silence says
 * nothing.
 */
function fellSilent(
  { silent, watched }: ExposureCounts,
  control: ControlCounts,
  { accepted, policy }: Trial,
  chance: number,
): boolean {
  const more = silent - accepted.silent;
  if (control.watched < fewestControls || more < fewestSilent) return false;
  if (more / watched <= control.silent / control.watched + policy.silencePercent / 100) return false;
  return chanceInGroup(more, watched, more + control.silent, control.watched) < chance;
}

/** All looks until patience ends share one half, and those after it, however many, the other. */
function partOfLook(look: number, { policy }: Trial): number {
  const planned = Math.max(1, Math.ceil((policy.patienceHours * hourMs) / lookMs));
  return look <= planned ? 1 / (2 * planned) : planned / (2 * look * (look + 1));
}

/** Of a ring with fewer computers that need it, all. Only patience shows that no more of them come. */
function wantedInstallations(ring: ExposureCounts, policy: RingPolicy, hasPatience: boolean): number {
  if (hasPatience) return policy.installed;
  const possible = ring.proven + ring.installed + ring.pending + ring.failed;
  return Math.min(policy.installed, Math.max(1, possible));
}

function isGoodEnough(counts: ExposureCounts, trial: Trial): boolean {
  const { policy } = trial;
  const { failed } = triedOf(counts, trial);
  const tried = counts.proven + failed;
  if (tried === 0) return true;
  if (counts.proven < (tried * policy.goodPercent) / 100) return false;
  return chanceOfAtLeast(failed, tried, policy.usualFailurePercent / 100) >= perhaps;
}

/** A crash looks like this before it looks like silence. Those that never come back are silent when patience ends. */
function hasUnseen({ unseen, watched }: ExposureCounts, { accepted, policy }: Trial): boolean {
  return unseen - accepted.silent > (watched * (100 - policy.goodPercent)) / 100;
}

function isAway(control: ControlCounts): boolean {
  return control.watched >= fewestControls && control.late + control.silent > control.watched * awayShare;
}

function presenceReason(counts: ExposureCounts, control: ControlCounts, { accepted }: Trial): WaitReason | undefined {
  if (control.watched < fewestControls) return undefined;
  if (isAway(control)) return 'everybodyAway';
  const missing = counts.late + counts.silent - accepted.silent;
  const usual = (control.late + control.silent + 1) / (control.watched + 2);
  const silent = counts.silent - accepted.silent;
  const isDoubtful =
    silent >= fewestSilent &&
    chanceOfAtLeast(silent, counts.watched, highShare(control.silent, control.watched)) < hardly;
  if (isDoubtful) return 'late';
  return chanceOfAtLeast(missing, counts.watched, usual) < inDoubt ? 'late' : undefined;
}

const hourMs = 3_600_000;
const lookMs = 6 * hourMs;
const hardly = 0.01;
const perhaps = 0.05;
const inDoubt = 0.2;
const fewestControls = 3;
const fewestSilent = 3;
const fewestFailed = 3;
/** The part of the control group that may be late while a ring goes on. */
const awayShare = 0.25;
