export { backUpAside } from './aside.ts';
export { backUp } from './backup.ts';
export type { BackupManifest } from './format.ts';
export { isRestorePending } from './pending-restore.ts';
export { rehearseRestore } from './rehearse.ts';
export { restore } from './restore.ts';
export { settleInterrupted } from './settle.ts';
