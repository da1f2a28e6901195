export { withDiskTrouble } from '../disk-trouble.ts';
export { auditHeadFile, keepAuditHead, type NotedHead, readNotedHead } from './audit-head.ts';
export { foreignDatabase, hadDatabase, lostDatabase, requireDatabaseFile } from './expected-database.ts';
export { withGuard } from './guard.ts';
export { type LockHolder, type RunningSettings, readLockHolder } from './lock.ts';
export { makeDataDir, openDataDir } from './open-data-dir.ts';
export { makePrivateFolder, writePrivateFile } from './private-files.ts';
export { type DiskSpace, type ReserveSetting, reserveBytesOf, spaceOfFolder } from './reserve.ts';
export { type OpenPlace, openPlacesIn } from './tighten.ts';
