export { addPlan, removePlan } from './plans.ts';
export { changeWay, enterRings, type ShownRollout, showRollout, stepRollouts, type Wish } from './rollouts.ts';
