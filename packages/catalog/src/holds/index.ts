export type { Hold, HoldCondition } from './hold.ts';
export { type EmergencyStop, HoldIndex, type ResolvedHold } from './hold-index.ts';
