// The tables as kysely sees them, the same on both engines. Times are milliseconds since 1970 (UTC), and flags 0 or 1.
// GUIDs are lower case without braces, digests lower-case hex, and JSON is text.
import type {
  AccountsTable,
  ApiAnswersTable,
  ApiTokensTable,
  AuditTable,
  ChangeRequestsTable,
  SessionsTable,
} from './schema/accounts.ts';
import type {
  ComputerFiguresTable,
  ComputerNamesTable,
  ComputerSortChangesTable,
  ComputersTable,
  GroupDaysTable,
  IdentityChangesTable,
} from './schema/computers.ts';
import type {
  ComputerRhythmsTable,
  DeploymentsTable,
  HoldsTable,
  RolloutComputersTable,
  RolloutsTable,
  RulesTable,
} from './schema/decisions.ts';
import type {
  DownstreamComputersTable,
  DownstreamFiguresTable,
  DownstreamServersTable,
  RollUpChangesTable,
  RollUpSentTable,
  UpstreamDeploymentsTable,
} from './schema/downstream.ts';
import type { ComputerUpdateStatusTable, ReportingEventsTable, SelfUpdateEventsTable } from './schema/reports.ts';
import type { SyncRevisionsTable, SyncRunsTable } from './schema/synchronisation.ts';
import type {
  ContentFilesTable,
  FileKeysTable,
  RemovedRevisionsTable,
  RevisionFilesTable,
  RevisionSummariesTable,
  RevisionsTable,
  UpdateFigureChangesTable,
  UpdateFiguresTable,
  UpdateTitlesTable,
} from './schema/updates.ts';
import type { VendorCatalogsTable, VendorPackagesTable } from './schema/vendor-catalogs.ts';

export interface Tables {
  configuration: { name: string; value: string };
  counters: { name: string; value: number };
  computers: ComputersTable;
  computer_figures: ComputerFiguresTable;
  computer_sort_changes: ComputerSortChangesTable;
  computer_names: ComputerNamesTable;
  target_groups: { group_id: string; name: string; name_key: string; parent_id: string | null; created_at: number };
  identity_changes: IdentityChangesTable;
  group_days: GroupDaysTable;
  computer_groups: { computer_id: string; group_id: string };
  updates: { update_id: string; is_declined: number; changed_at: number };
  revisions: RevisionsTable;
  removed_revisions: RemovedRevisionsTable;
  revision_summaries: RevisionSummariesTable;
  update_titles: UpdateTitlesTable;
  update_figures: UpdateFiguresTable;
  update_figure_changes: UpdateFigureChangesTable;
  update_articles: { article: string; update_id: string };
  update_categories: { category_id: string; update_id: string };
  superseded_updates: { update_id: string; superseded_by: string };
  revision_files: RevisionFilesTable;
  content_files: ContentFilesTable;
  file_keys: FileKeysTable;
  deployments: DeploymentsTable;
  reporting_events: ReportingEventsTable;
  computer_update_status: ComputerUpdateStatusTable;
  self_update_events: SelfUpdateEventsTable;
  audit: AuditTable;
  change_requests: ChangeRequestsTable;
  vendor_catalogs: VendorCatalogsTable;
  vendor_packages: VendorPackagesTable;
  rules: RulesTable;
  deployment_origins: { update_id: string; group_id: string; origin: string; changed_at: number };
  decline_origins: { update_id: string; origin: string; changed_at: number; evidence: string | null };
  group_zones: { group_id: string; time_zone: string };
  holds: HoldsTable;
  ring_plans: { plan_id: string; name: string; name_key: string; rings: string };
  rollouts: RolloutsTable;
  release_rollouts: Omit<RolloutsTable, 'update_id'> & { release: string };
  rollout_computers: RolloutComputersTable;
  computer_rhythms: ComputerRhythmsTable;
  accounts: AccountsTable;
  account_identities: { issuer: string; subject: string; account_id: string };
  account_groups: { account_id: string; group_id: string };
  sessions: SessionsTable;
  api_tokens: ApiTokensTable;
  api_answers: ApiAnswersTable;
  sync_choices: { kind: string; id: string; chosen_at: number };
  sync_anchors: { upstream: string; list: string; anchor: string; filter: string | null; taken_at: number };
  sync_runs: SyncRunsTable;
  sync_lists: { run_id: number; list: string; anchor: string; filter: string | null };
  sync_revisions: SyncRevisionsTable;
  upstream_deployments: UpstreamDeploymentsTable;
  downstream_servers: DownstreamServersTable;
  downstream_systems: { server_id: string; system: string; computers: number; received_at: number };
  downstream_activity: { server_id: string; system: string; update_id: string; installed: number; failed: number };
  downstream_computers: DownstreamComputersTable;
  downstream_states: { computer_id: string; update_id: string; state: number; changed_at: number };
  downstream_figures: DownstreamFiguresTable & { computer_id: string };
  downstream_update_figures: DownstreamFiguresTable & { update_id: string };
  roll_up_to: { upstream: string; server_id: string; reset_guid: string; checked_at: number };
  roll_up_sent: RollUpSentTable;
  roll_up_changes: RollUpChangesTable;
  content_sources: { sha1: string; url: string };
}
