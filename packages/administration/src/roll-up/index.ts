export { type SyncAndRollUp, syncAndRollUp } from './sync-and-roll-up.ts';
