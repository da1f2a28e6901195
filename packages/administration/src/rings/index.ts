export {
  type ListedReleaseRollout,
  type ListedRollout,
  listPlans,
  listRollouts,
  type ShownPlan,
  type ShownReleaseRollout,
  type ShownRollout,
  showPlan,
} from './lists.ts';
export { addPlan, removePlan } from './plans.ts';
export type { ReleaseDoor } from './release-door.ts';
export {
  changeReleaseWay,
  enterRelease,
  listReleases,
  showRelease,
  stepReleases,
} from './releases.ts';
export { changeWay, enterRings, showRollout, stepRollouts, type Wish } from './rollouts.ts';
