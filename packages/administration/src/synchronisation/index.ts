export { changeChoices, listChoices, type OfferedChoice } from './choices.ts';
export { type ImportedRevision, importFromUpstream, type UpstreamImport } from './import-one.ts';
export { loadOfferedLanguages } from './languages.ts';
export type { SyncProgress, SyncReport } from './run-sync.ts';
export {
  type ExplainedProduct,
  explainSync,
  listSyncHistory,
  planSync,
  readSyncStatus,
  type SyncPlan,
  type SyncStatus,
} from './status.ts';
export { syncSettings } from './sync-settings.ts';
