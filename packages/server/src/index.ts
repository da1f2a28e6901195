// What other packages may use of the server.
export { auditHeadFile, keepAuditHead, type NotedHead, readNotedHead } from './audit-head.ts';
export { backUp } from './backup/backup.ts';
export type { BackupManifest } from './backup/format.ts';
export { isRestorePending } from './backup/pending-restore.ts';
export { restore } from './backup/restore.ts';
export { settleInterrupted } from './backup/settle.ts';
export { importDocuments, toRevision } from './catalogue/import.ts';
export { openLiveCatalogue } from './catalogue/live-catalogue.ts';
export { acceptClock, type ClockState, clockNotice, inspectClock, programDate } from './clock/index.ts';
export * from './config/index.ts';
export { smallMemoryBytes, thisMachine } from './config/machine.ts';
export { type AddedFile, type ContentStore, createContentStore } from './content/content-store.ts';
export { type DiskFigures, inspectDisks } from './disk-room/index.ts';
export { ServerError, type ServerErrorCode } from './errors.ts';
export { hadDatabase, requireDatabaseFile } from './expected-database.ts';
export { collectGarbage, limitHeapGrowth } from './heap.ts';
export { loadOrCreateOperatorKeys, type OperatorKeys, signingTimeOf } from './keys/index.ts';
export { type LockHolder, readLockHolder } from './lock.ts';
export { type Logger, openLog } from './log.ts';
export { type RunningServer, type ServerParts, startServer } from './main.ts';
export { type Notice, noticeLine } from './notice.ts';
export { makePrivateFolder } from './private-files.ts';
export * from './sites/self-update/index.ts';
export { checkDatabase, type DatabaseCheck } from './store/check-database.ts';
export { isPostgres, sqliteFileOf, withoutPassword } from './store/database.ts';
export {
  type AuditCheck,
  allComputers,
  type BrokenRecord,
  type DeploymentAction,
  type KnownComputer,
  type KnownReport,
  type ListedContent,
  type ListedRevision,
  openStore,
  type Store,
  type StoredDeployment,
  type StoredSelfUpdateEvent,
  unassignedComputers,
} from './store/index.ts';
export { type OpenPlace, openPlacesIn } from './tighten.ts';
export { serverVersion } from './version.ts';
