// The tables as kysely sees them. Times are milliseconds since 1970 (UTC), flags 0 or 1, GUIDs lower case without
// braces, digests lower-case hex, JSON as text: the same on both engines.
import type { ColumnType, Generated } from 'kysely';
import type { Role } from './contract/index.ts';

/** Numbered by the database, and never changed. */
type Identity = ColumnType<number, number | undefined, never>;

export interface Tables {
  configuration: { name: string; value: string };
  counters: { name: string; value: number };
  computers: ComputersTable;
  computer_figures: ComputerFiguresTable;
  computer_names: ComputerNamesTable;
  target_groups: { group_id: string; name: string; name_key: string; parent_id: string | null; created_at: number };
  identity_changes: IdentityChangesTable;
  computer_groups: { computer_id: string; group_id: string };
  updates: { update_id: string; is_declined: number; changed_at: number };
  revisions: RevisionsTable;
  revision_summaries: RevisionSummariesTable;
  update_titles: UpdateTitlesTable;
  update_articles: { article: string; update_id: string };
  update_categories: { category_id: string; update_id: string };
  superseded_updates: { update_id: string; superseded_by: string };
  revision_files: RevisionFilesTable;
  content_files: ContentFilesTable;
  deployments: DeploymentsTable;
  reporting_events: ReportingEventsTable;
  computer_update_status: ComputerUpdateStatusTable;
  self_update_events: SelfUpdateEventsTable;
  audit: AuditTable;
  vendor_catalogs: VendorCatalogsTable;
  vendor_packages: VendorPackagesTable;
  rules: RulesTable;
  deployment_origins: { update_id: string; group_id: string; origin: string; changed_at: number };
  decline_origins: { update_id: string; origin: string; changed_at: number; evidence: string | null };
  group_zones: { group_id: string; time_zone: string };
  holds: HoldsTable;
  ring_plans: { plan_id: string; name: string; name_key: string; rings: string };
  rollouts: RolloutsTable;
  rollout_computers: RolloutComputersTable;
  computer_rhythms: ComputerRhythmsTable;
  accounts: AccountsTable;
  account_groups: { account_id: string; group_id: string };
  sessions: SessionsTable;
  api_tokens: ApiTokensTable;
  api_answers: ApiAnswersTable;
  sync_choices: { kind: string; id: string; chosen_at: number };
  sync_anchors: { upstream: string; list: string; anchor: string; filter: string | null; taken_at: number };
  sync_runs: SyncRunsTable;
  sync_lists: { run_id: number; list: string; anchor: string; filter: string | null };
  sync_revisions: SyncRevisionsTable;
  content_sources: { sha1: string; url: string };
}

interface SyncRunsTable {
  run_id: Identity;
  upstream: string;
  /** The process that works on it, while it is running. */
  owner: string;
  lease_until: number;
  started_at: number;
  ended_at: number | null;
  /** One at most is `running`. */
  state: 'running' | 'done' | 'failed' | 'given-up';
  step: string;
  listed: number;
  fetched: number;
  failed: number;
  added: number;
  calls: number;
  bytes: number;
  error_code: string | null;
  error_message: string | null;
}

/** Revisions that an upstream listed and the catalog does not have yet. */
interface SyncRevisionsTable {
  update_id: string;
  revision_number: number;
  /** config or updates. */
  list: string;
  /** In its list. */
  position: number;
  /** wanted, staged (its document is here) or failed. */
  state: string;
  /** How often it failed, in different runs. */
  attempts: number;
  /** What a revision is apart from its texts, as JSON. */
  facts: string | null;
  document: Uint8Array | null;
  document_bytes: number | null;
  core: Uint8Array | null;
  extended: Uint8Array | null;
  error_code: string | null;
  error_message: string | null;
}

interface RolloutsTable {
  rollout_id: string;
  plan_id: string;
  update_id: string;
  version: number;
  status: string;
  /** State, when each ring was reached, and the reason to wait, as JSON. */
  progress: string;
  started_at: number;
}

interface RolloutComputersTable {
  rollout_id: string;
  computer_id: string;
  ring: number;
  outcome: string;
  outcome_at: number;
  connected_at_offer: number;
}

interface ComputerRhythmsTable {
  computer_id: string;
  gaps: number;
  gap_ms: number;
  deviation_ms: number;
  connected_ms: number;
  last_contact: number;
}

interface HoldsTable {
  hold_id: string;
  /** hold or advise. */
  effect: string;
  says: string;
  link: string | null;
  ends_at: number | null;
  /** HoldCondition as JSON. */
  condition: string;
  source: string | null;
  added_by: string;
  added_at: number;
}

export interface ComputersTable {
  computer_id: string;
  dns_name: string;
  address: string;
  requested_groups: string;
  agent_generation: string | null;
  agent_version: string | null;
  os_version: string | null;
  /** By the table of systems of the version that registered it; null for one that is no Windows we know. */
  os_name: string | null;
  os_description: string | null;
  architecture: string | null;
  manufacturer: string | null;
  model: string | null;
  /** Everything that RegisterComputer said, as JSON. */
  registration: string | null;
  first_contact: number;
  last_contact: number;
  registered_at: number | null;
  last_sync: number | null;
  last_report: number | null;
  /** The name of the last authorisation, in lower case; null for none. */
  current_name: string | null;
  identity_changes: Generated<number>;
  identity_changed_at: number | null;
  /** When this identity was last used by two at a time. */
  shared_at: number | null;
  /** When it made the last status report whose states are kept, by the earlier of its clock and ours. */
  scanned_at: number | null;
  /** Up to when moves by client-side targeting have used up their room in the record. */
  targeting_noted_until: number | null;
}

interface IdentityChangesTable {
  computer_id: string;
  /** Counts the changes of one computer. */
  number: number;
  changed_at: number;
  /** name, hardware or system. */
  aspect: string;
  before: string;
  after: string;
}

/** Kept by triggers of the database, never written by anything else. */
interface ComputerFiguresTable {
  computer_id: string;
  /** 1: in `computers`. */
  known: number;
  /** 1: known, and has reported. */
  reported: number;
  /** Updates that it needs, that it has downloaded, or that wait for a restart. */
  needed: number;
  /** Updates that failed. */
  failed: number;
  /** Report events of it that are stored. */
  events: number;
  /** The day of its last contact, since 1970 in UTC; null for one that is not known. */
  contact_day: number | null;
}

interface ComputerNamesTable {
  computer_id: string;
  /** The DNS name in lower case. */
  name_key: string;
  dns_name: string;
  address: string;
  first_seen: number;
  last_seen: number;
  times_seen: number;
}

interface RevisionsTable {
  revision_id: Identity;
  update_id: string;
  revision_number: number;
  update_type: string;
  /** CategoryInformation/@CategoryType of a category: Product, UpdateClassification … */
  category_type: string | null;
  title: string;
  /** The whole update document, zstd. */
  document: Uint8Array;
  document_bytes: number;
  /** The fragments that every sync asks for, made once at import; zstd. */
  core: Uint8Array;
  extended: Uint8Array;
  imported_at: number;
}

/** What the catalog index needs to know, apart from the documents: a start reads all of this, and nothing else. */
interface RevisionSummariesTable {
  revision_id: number;
  update_id: string;
  revision_number: number;
  update_type: string;
  category_type: string | null;
  imported_at: number;
  explicitly_deployable: number;
  is_expired: number;
  /** As EncodedSummary of the catalog. */
  clauses: string;
  more: string | null;
}

/** The newest revision of each update that is software or a driver; kept by triggers of the database. */
interface UpdateTitlesTable {
  title_id: Identity;
  update_id: string;
  revision_id: number;
  revision_number: number;
  title: string;
  /** The revision that all below are of: see lists/update-facts.ts. */
  facts_of: Generated<number>;
  title_key: Generated<string>;
  is_listed: Generated<number>;
  severity: Generated<number>;
}

interface RevisionFilesTable {
  revision_id: number;
  sha1: string;
  sha256: string | null;
  file_name: string;
  size_bytes: number;
  modified_at: number | null;
}

interface ContentFilesTable {
  sha1: string;
  sha256: string;
  size_bytes: number;
  /** With the dot, lower case; '' for none. */
  extension: string;
  state: 'present' | 'damaged';
  verified_at: number;
}

interface DeploymentsTable {
  deployment_id: Identity;
  update_id: string;
  group_id: string;
  action: string;
  deadline: number | null;
  created_at: number;
  changed_at: number;
  administrator: string;
}

interface ReportingEventsTable {
  event_id: Identity;
  instance_id: string;
  computer_id: string;
  received_at: number;
  time_at_target: number;
  namespace_id: number;
  event_number: number;
  source_id: number;
  update_id: string | null;
  revision_number: number;
  win32_hresult: number;
  app_name: string;
  replacement_strings: string;
  misc_data: string;
}

interface ComputerUpdateStatusTable {
  computer_id: string;
  update_id: string;
  state: number;
  changed_at: number;
}

interface SelfUpdateEventsTable {
  event_id: Identity;
  received_at: number;
  occurred_at: number;
  computer_id: string | null;
  address: string;
  user_agent: string;
  component: string;
  activity: string;
  item: string;
  device: string;
  platform: string;
  language: string;
  status: string;
  result_code: string;
  message: string;
  agent_generation: string | null;
  agent_version: string | null;
}

interface AuditTable {
  audit_id: Identity;
  occurred_at: number;
  actor: string;
  action: string;
  subject: string;
  before: string | null;
  after: string | null;
  /** Its place in the chain, from 1; null for what a version before wrote meanwhile. */
  chain_number: Generated<number | null>;
  /** Of itself and the one before. */
  digest: Generated<string | null>;
}

interface RulesTable {
  rule_id: string;
  position: number;
  name: string;
  /** The name in lower case. */
  name_key: string;
  is_enabled: number;
  /** Conditions and effect as JSON. */
  definition: string;
  created_at: number;
  changed_at: number;
  changed_by: string;
}

interface VendorCatalogsTable {
  name: string;
  address: string;
  /** SHA-256 of the certificate; null for a catalog that is not signed. */
  signer: string | null;
  signer_name: string | null;
  allows_private: number;
  added_at: number;
  updated_at: number;
}

interface VendorPackagesTable {
  package_id: string;
  /** Stays when the catalog is removed. */
  catalog: string;
  digest: string;
  /** 0: the catalog does not hold it any more. */
  is_listed: number;
  /** offered, withheld or expired. */
  state: string;
  code: string;
  reason: string;
  title: string;
  vendor: string;
  product: string;
  classification: string;
  reboot: string;
  size_bytes: number;
  /** Packed. */
  document: Uint8Array;
  file_sha1: string | null;
  file_sha256: string | null;
  published_revision: number | null;
  published_as: string | null;
}

interface AccountsTable {
  account_id: string;
  name: string;
  name_key: string;
  role: Role;
  /** argon2id in the PHC format; null for an account that only has tokens. */
  password: string | null;
  is_disabled: number;
  created_at: number;
  changed_at: number;
  logged_on_at: number | null;
}

interface SessionsTable {
  session_id: string;
  /** SHA-256 of the secret in the cookie, hex. */
  secret_hash: string;
  account_id: string;
  opened_at: number;
  used_at: number;
  address: string;
  user_agent: string;
}

interface ApiTokensTable {
  token_id: string;
  /** SHA-256 of the token, hex. */
  secret_hash: string;
  account_id: string;
  name: string;
  role: Role;
  created_at: number;
  expires_at: number;
  used_at: number | null;
  revoked_at: number | null;
}

interface ApiAnswersTable {
  key_hash: string;
  request_hash: string;
  /** Null while the request is at work. */
  status: number | null;
  body: string | null;
  made_at: number;
}
