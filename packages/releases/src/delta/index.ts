// A release as the difference from a file that a machine has: made by the repository, applied by the client, bounded at both ends.
export { deltaLimits } from '../bounds.ts';
export { applyDelta } from './apply.ts';
export { baseOf, emptySha256 } from './base.ts';
export { makeDelta } from './make.ts';
