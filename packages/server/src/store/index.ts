// The store in domain words: one interface over SQLite and PostgreSQL. It returns facts, never answers.
import { auditStore } from './audit.ts';
import { type Changes, createChanges } from './changes.ts';
import { computerHistoryStore } from './computer-history.ts';
import { computerListStore } from './computer-list.ts';
import { computerStore } from './computers.ts';
import { configurationStore } from './configuration.ts';
import { contentFileStore } from './content-files.ts';
import { counterStore } from './counters.ts';
import { openDatabase } from './database.ts';
import { deploymentStore } from './deployments.ts';
import { eventRetentionStore } from './event-retention.ts';
import { groupStore } from './groups.ts';
import { homeStore } from './home.ts';
import { migrate } from './migrate.ts';
import { newestTimeStore } from './newest-time.ts';
import { reportingEventStore } from './reporting-events.ts';
import { revisionListStore } from './revision-list.ts';
import { selfUpdateEventStore } from './self-update-events.ts';
import { createDatabaseClock } from './stamps.ts';
import { statusStore } from './status.ts';
import { updateStore } from './updates.ts';

export type { AuditRecord, Author } from './audit.ts';
export { allComputers, unassignedComputers } from './built-in-groups.ts';
export type { Topic } from './changes.ts';
export type { KnownComputer, KnownReport } from './computer-history.ts';
export type { ClonedIdentity, ListedComputer } from './computer-list.ts';
export type { Acquaintance, AuthorizedComputer, Targeting } from './computers.ts';
export type { ServerIdentity } from './configuration.ts';
export type { ContentFile, ExpectedFile, ListedContent } from './content-files.ts';
export type { DeploymentAction, InheritedDeployment, StoredDeployment } from './deployments.ts';
export { deploymentActions } from './deployments.ts';
export type { CountedGroup, TargetGroup } from './groups.ts';
export type { AgentCount, HomeEvent, HomeFacts } from './home.ts';
export type { ImportResult } from './insert-revisions.ts';
export { type PackedRevision, packRevision, type RevisionToImport } from './packing.ts';
export type { ListedEvent, ReportedEvent } from './reporting-events.ts';
export type { ListedRevision } from './revision-list.ts';
export type { AgentGeneration, SelfUpdateEvent, StoredSelfUpdateEvent } from './self-update-events.ts';
export type { ComputerState, StateCounts, UpdateOnComputer } from './status.ts';
export { type UpdateState, updateStates } from './update-status.ts';
export type { StoredFragment } from './updates.ts';

export type Store = Awaited<ReturnType<typeof openStore>>;

/**
 * Opens the database at `address` (see openDatabase), brings its schema up to date and answers the store.
 * Throws ServerError SERVER_DATABASE or SERVER_DATABASE_TOO_NEW.
 */
export async function openStore(address: string, { now }: { now: () => Date }) {
  const database = await openDatabase(address);
  const changes: Changes = createChanges();
  try {
    await migrate(database, now());
  } catch (error) {
    await database.close();
    throw error;
  }
  const counters = counterStore(database);
  const clock = createDatabaseClock(now);
  return {
    engine: database.engine,
    subscribe: changes.subscribe,
    close: () => database.close(),
    ...configurationStore(database, clock),
    ...computerStore(database, changes),
    ...computerHistoryStore(database),
    ...groupStore(database, changes),
    ...updateStore(database, changes),
    ...revisionListStore(database),
    ...deploymentStore(database, changes),
    ...contentFileStore(database, changes),
    ...reportingEventStore(database, changes),
    ...eventRetentionStore(database),
    ...newestTimeStore(database),
    ...computerListStore(database, changes),
    ...statusStore(database),
    ...auditStore(database),
    ...counters,
    ...selfUpdateEventStore(database, changes),
    ...homeStore(database, counters.loadCounters),
  };
}
