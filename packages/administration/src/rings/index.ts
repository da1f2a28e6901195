export { type ListedRollout, listPlans, listRollouts, type ShownPlan, type ShownRollout, showPlan } from './lists.ts';
export { addPlan, removePlan } from './plans.ts';
export { changeWay, enterRings, showRollout, stepRollouts, type Wish } from './rollouts.ts';
