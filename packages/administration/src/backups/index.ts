export { type BackupHealth, healthOf, isDue } from './health.ts';
export { failureOf, makeBackup, notePlan } from './make.ts';
export { type ShownBackups, showBackups } from './show.ts';
export { type BackupState, readBackupState } from './state.ts';
