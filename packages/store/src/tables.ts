// Lists every table once. A table of the schema that is missing here does not compile, because backups need the list.
import type { ColumnType } from 'kysely';
import type { Tables } from './schema.ts';

/** The column that the database numbers by itself, when a table has one: see `Identity` in schema.ts. */
type IdentityOf<Table extends keyof Tables> = {
  [Column in keyof Tables[Table]]: [Tables[Table][Column]] extends [ColumnType<number, number | undefined, never>]
    ? Column
    : never;
}[keyof Tables[Table]];

/** Rows that a backup holds. PostgreSQL counts on from `identity` after a restore. */
type BackedUp<Table extends keyof Tables> = [IdentityOf<Table>] extends [never]
  ? { role: 'backed-up'; identity?: never }
  : { role: 'backed-up'; identity: IdentityOf<Table> };

/** Rows that are made from the others, by triggers or when a list is read. A restore makes them again. */
interface Derived {
  role: 'derived';
}

export type TableRoles = { [Table in keyof Tables]: BackedUp<Table> | Derived };

/** In an order in which each table comes after those that it refers to. */
const roles = {
  configuration: { role: 'backed-up' },
  counters: { role: 'backed-up' },
  target_groups: { role: 'backed-up' },
  computers: { role: 'backed-up' },
  computer_names: { role: 'backed-up' },
  identity_changes: { role: 'backed-up' },
  computer_groups: { role: 'backed-up' },
  group_days: { role: 'backed-up' },
  updates: { role: 'backed-up' },
  revisions: { role: 'backed-up', identity: 'revision_id' },
  removed_revisions: { role: 'backed-up', identity: 'removal_id' },
  revision_summaries: { role: 'backed-up' },
  revision_files: { role: 'backed-up' },
  content_files: { role: 'backed-up' },
  file_keys: { role: 'backed-up' },
  deployments: { role: 'backed-up', identity: 'deployment_id' },
  reporting_events: { role: 'backed-up', identity: 'event_id' },
  computer_update_status: { role: 'backed-up' },
  self_update_events: { role: 'backed-up', identity: 'event_id' },
  audit: { role: 'backed-up', identity: 'audit_id' },
  vendor_catalogs: { role: 'backed-up' },
  vendor_packages: { role: 'backed-up' },
  rules: { role: 'backed-up' },
  deployment_origins: { role: 'backed-up' },
  decline_origins: { role: 'backed-up' },
  group_zones: { role: 'backed-up' },
  accounts: { role: 'backed-up' },
  account_groups: { role: 'backed-up' },
  account_identities: { role: 'backed-up' },
  api_tokens: { role: 'backed-up' },
  // Not in a backup: whoever had one logs on again after a restore.
  sessions: { role: 'derived' },
  api_answers: { role: 'derived' },
  // Not in a backup either: who confirms sees the server as it is, not as it was.
  change_requests: { role: 'derived' },
  sync_choices: { role: 'backed-up' },
  sync_anchors: { role: 'backed-up' },
  sync_runs: { role: 'backed-up', identity: 'run_id' },
  sync_lists: { role: 'backed-up' },
  sync_revisions: { role: 'backed-up' },
  content_sources: { role: 'backed-up' },
  upstream_deployments: { role: 'backed-up' },
  downstream_servers: { role: 'backed-up' },
  downstream_systems: { role: 'backed-up' },
  downstream_activity: { role: 'backed-up' },
  downstream_computers: { role: 'backed-up' },
  downstream_states: { role: 'backed-up' },
  downstream_figures: { role: 'derived' },
  downstream_update_figures: { role: 'derived' },
  // Not in a backup: after a restore everything is reported again.
  roll_up_to: { role: 'derived' },
  roll_up_sent: { role: 'derived' },
  roll_up_changes: { role: 'derived' },
  holds: { role: 'backed-up' },
  ring_plans: { role: 'backed-up' },
  rollouts: { role: 'backed-up' },
  release_rollouts: { role: 'backed-up' },
  rollout_computers: { role: 'backed-up' },
  computer_rhythms: { role: 'backed-up' },
  computer_figures: { role: 'derived' },
  computer_sort_changes: { role: 'derived' },
  update_titles: { role: 'derived' },
  update_figures: { role: 'derived' },
  update_figure_changes: { role: 'derived' },
  update_articles: { role: 'derived' },
  update_categories: { role: 'derived' },
  superseded_updates: { role: 'derived' },
} as const satisfies TableRoles;

export type BackedUpTable = {
  [Table in keyof typeof roles]: (typeof roles)[Table]['role'] extends 'backed-up' ? Table : never;
}[keyof typeof roles];

const entries = Object.entries(roles) as [keyof Tables, { role: string; identity?: string }][];

/** In an order in which each table comes after those that it refers to. */
export const backedUpTables = entries
  .filter(([, { role }]) => role === 'backed-up')
  .map(([name]) => name) as BackedUpTable[];

/** A restore drops them, and its migrations make them again. No query but raw SQL names event_update_blocks. */
export const derivedTables: readonly string[] = [
  ...entries.filter(([, { role }]) => role === 'derived').map(([name]) => name),
  'event_update_blocks',
];

/** Columns that the database numbers by itself, of what a backup holds. */
export const identityColumns = entries.flatMap(([table, { role, identity }]) =>
  role === 'backed-up' && identity !== undefined ? [{ table, column: identity }] : [],
);
