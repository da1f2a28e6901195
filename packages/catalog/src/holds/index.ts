export type { Hold, HoldCondition } from './hold.ts';
export { type EmergencyStop, HoldIndex, isForShare, type ResolvedHold, type RingShare } from './hold-index.ts';
