export { exportHolds, type ImportedHolds, importHolds } from './hold-list.ts';
export { addHold, liftHolds, listHolds } from './holds.ts';
export { confirmLift, liftOperation, liftStop, type StopState, showStop, stopAll } from './stop.ts';
