export { applyChanges, undoChanges } from './apply.ts';
export { type Change, planForAgent, planForServer } from './plan.ts';
