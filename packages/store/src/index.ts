// What a server keeps, in domain words: the database on either engine.
export type { AuditRecord, Author } from './audit.ts';
export type { AuditHead } from './audit-chain.ts';
export type { AuditBreak, AuditCheck, BrokenRecord } from './audit-check.ts';
export type { StoreBounds } from './bounds.ts';
export { allComputers, unassignedComputers } from './built-in-groups.ts';
export type { Topic } from './changes.ts';
export { checkDatabase, checkInBackground, type DatabaseCheck } from './check-database.ts';
export type { KnownComputer, KnownReport } from './computer-history.ts';
export type { ClonedIdentity, ListedComputer } from './computer-list.ts';
export type { Acquaintance, AuthorizedComputer, Targeting } from './computers.ts';
export type { ServerIdentity } from './configuration.ts';
export type { ContentFile, ExpectedFile, ListedContent } from './content-files.ts';
export { heldBackPrefix } from './counters.ts';
export { isPostgres, type PoolLimits, sqliteFileOf, withoutPassword } from './database.ts';
export { defaultStoreBounds } from './declared-bounds.ts';
export type { DeploymentAction, InheritedDeployment, StoredDeployment } from './deployments.ts';
export { deploymentActions } from './deployments.ts';
export { asDiskTrouble, diskTroubleOf, withDiskTrouble } from './disk-trouble.ts';
export type { EventTable, EventVolume } from './event-bounds.ts';
export type { CountedGroup, TargetGroup } from './groups.ts';
export { collectGarbage, limitHeapGrowth } from './heap.ts';
export type { AgentCount, HomeEvent, HomeFacts } from './home.ts';
export type { IdentityAspect, ListedIdentityChange } from './identity-changes.ts';
export type { ImportResult } from './insert-revisions.ts';
export type { Log } from './log.ts';
export { type Notice, noticeLine } from './notice.ts';
export { type PackedRevision, packRevision, type RevisionToImport } from './packing.ts';
export { isRefusedRow } from './refused-rows.ts';
export type { ListedEvent, ReportedEvent } from './reporting-events.ts';
export type { ListedRevision } from './revision-list.ts';
export type { AgentGeneration, SelfUpdateEvent, StoredSelfUpdateEvent } from './self-update-events.ts';
export type { CountedStates } from './state-bounds.ts';
export type { ComputerState, StateCounts, UpdateOnComputer } from './status.ts';
export {
  openServerStore,
  openStore,
  type ServerStore,
  type ServerStoreOptions,
  type Store,
  type StoreOptions,
  storeOf,
} from './store.ts';
export { type UpdateState, updateStates } from './update-status.ts';
export type { StoredFragment } from './updates.ts';
