export {
  type Advance,
  advance,
  intervene,
  type RolloutState,
  startRollout,
  type Transition,
} from './advance.ts';
export {
  countExposure,
  countPresence,
  type Exposure,
  noControls,
  noCounts,
  type RingEvidence,
} from './evidence.ts';
export {
  defaultRingPolicy,
  faultOf,
  placeOf,
  type RingPlan,
  ringOf,
} from './plan.ts';
export { afterGap, noRhythm, presenceOf, type Rhythm } from './rhythm.ts';
