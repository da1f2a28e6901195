// Runs of the synchronisation, and what they have still to fetch.
import type { Identity } from './identity.ts';

export interface SyncRunsTable {
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
export interface SyncRevisionsTable {
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
  /** The facts of a revision without its texts, as JSON. */
  facts: string | null;
  document: Uint8Array | null;
  document_bytes: number | null;
  core: Uint8Array | null;
  extended: Uint8Array | null;
  error_code: string | null;
  error_message: string | null;
}
