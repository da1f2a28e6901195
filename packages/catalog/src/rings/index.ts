export {
  type Advance,
  advance,
  intervene,
  type RolloutState,
  startRollout,
  type Transition,
  type WaitReason,
} from './advance.ts';
export {
  countExposure,
  countPresence,
  type Exposure,
  noControls,
  noCounts,
  type Outcome,
  type RingEvidence,
} from './evidence.ts';
export {
  defaultRingPolicy,
  faultOf,
  placeOf,
  type Ring,
  type RingPlan,
  type RingPolicy,
  ringOf,
  shareReached,
} from './plan.ts';
export {
  afterGap,
  connectedPerGapMs,
  missedAfter,
  noRhythm,
  oneCheckInMs,
  presenceOf,
  type Rhythm,
  slowestGapMs,
} from './rhythm.ts';
