export {
  type Advance,
  advance,
  type HaltReason,
  intervene,
  longestStepMs,
  type RolloutAction,
  type RolloutState,
  type RolloutStatus,
  startRollout,
  type Transition,
  type WaitReason,
} from './advance.ts';
export {
  type ControlCounts,
  countExposure,
  countPresence,
  type Exposure,
  type ExposureCounts,
  noControls,
  noCounts,
  type Outcome,
  type RingEvidence,
} from './evidence.ts';
export {
  defaultRingPolicy,
  faultOf,
  type PlanFault,
  placeOf,
  type Ring,
  type RingPlan,
  type RingPolicy,
  ringOf,
} from './plan.ts';
export { afterGap, mostConnectedMs, mostGapMs, noRhythm, oneCheckInMs, presenceOf, type Rhythm } from './rhythm.ts';
