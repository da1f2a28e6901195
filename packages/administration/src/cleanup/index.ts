// Cleanup: old revisions, declined updates, silent computers, old events and files that nothing needs.
export {
  type CleanupReport,
  type CleanupRequest,
  type CleanupTask,
  cleanUp,
  cleanupTasks,
  planCleanup,
} from './cleanup.ts';
