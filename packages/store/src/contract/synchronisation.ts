// The contract for synchronisation with an upstream server. Documents are staged one batch after the other, and become part of
// the catalog together: a client sees the catalog of before or that of afterwards.
import type { UpdateIdentity } from '@moult/catalog';
import type { Author } from './audit.ts';
import type { FileKey } from './file-keys.ts';
import type { TakenFromUpstream, UpstreamDecisions } from './replica.ts';
import type { ExpiredUpdate, PackedRevision, RevisionToImport } from './updates.ts';

export type SyncChoiceKind = 'product' | 'classification' | 'language';

export interface SyncChoice {
  kind: SyncChoiceKind;
  /** The id of the category. Of a language its LCID. */
  id: string;
}

/** Which list of revisions: categories, classifications and detectoids, or updates. */
export type SyncListName = 'config' | 'updates';

/** With what the list of updates was asked for. Each sorted. */
export interface SyncFilter {
  categories: string[];
  classifications: string[];
  languages: number[];
}

export interface SyncAnchor {
  /** As the upstream gave it. Only the upstream reads it. */
  anchor: string;
  filter?: SyncFilter | undefined;
}

/** By what they belong to: `configuration` is that of GetConfigData, `deployments` that of a replica. */
export type SyncAnchors = Partial<Record<SyncListName | 'configuration' | 'deployments', SyncAnchor>>;

export interface SyncCounts {
  /** Revisions that the upstream listed and the catalog does not have. */
  listed: number;
  fetched: number;
  /** Revisions that were passed over in this run, each with a reason. */
  failed: number;
  /** Revisions that became part of the catalog. */
  added: number;
  calls: number;
  /** Octets of answers. */
  bytes: number;
}

export interface SyncRun extends SyncCounts {
  runId: number;
  upstream: string;
  owner: string;
  startedAt: Date;
  endedAt: Date | undefined;
  /** `given-up`: another upstream was asked before it was done. */
  state: 'running' | 'done' | 'failed' | 'given-up';
  step: 'connect' | SyncListName | 'deployments' | 'activate' | 'end';
  error: { code: string; message: string } | undefined;
  /** While the process that works on it says so, until this time. */
  leaseUntil: Date;
}

/** A run, and the right of its owner to work on it: calls of anybody else are refused. */
export interface OwnedSync {
  runId: number;
  owner: string;
}

export interface SyncFailure extends UpdateIdentity {
  code: string;
  message: string;
  /** How many runs it failed in. */
  attempts: number;
}

export interface StagedBatch {
  revisions: readonly (RevisionToImport | PackedRevision)[];
  failures: readonly (UpdateIdentity & { code: string; message: string })[];
  /** The addresses of files of updates. SHA-1 in lower-case hex. */
  sources: readonly { sha1: string; url: string }[];
  /** Of encrypted files of these revisions, and of others that lacked them. */
  keys?: readonly FileKey[];
  calls: number;
  bytes: number;
}

/** Figures of one category in the catalog, by the newest revision of each update. */
export interface CategoryContents {
  categoryId: string;
  updates: number;
  expired: number;
  declined: number;
  superseded: number;
  /** Octets of the documents. */
  bytes: number;
  /** When its last revision came. */
  changedAt: Date;
}

export interface SyncChoices {
  /** Products, classifications and languages that an administrator chose. */
  loadSyncChoices(): Promise<SyncChoice[]>;

  /** Figures of each category that has updates. Updates whose facts were not read yet are left out. */
  countByCategory(): Promise<CategoryContents[]>;

  /**
   * Adds and removes choices, on record.
   * Again: changes nothing.
   * Concurrent: both are made.
   */
  changeSyncChoices(
    change: { add: readonly SyncChoice[]; remove: readonly SyncChoice[] },
    author: Author,
  ): Promise<{ added: SyncChoice[]; removed: SyncChoice[] }>;
}

export interface SyncRuns {
  /**
   * Begins a run, or continues the one that was interrupted. Drops everything that was staged for another upstream.
   * Again: by the same owner it continues the same run.
   * Concurrent: one of two gets it. Throws SERVER_REFUSED while another owner has it: until `lease_until`, unless
   * `isGone` says that this owner is no more.
   */
  beginSync(asked: {
    upstream: string;
    owner: string;
    leaseUntil: Date;
    now: Date;
    isGone(owner: string): boolean;
  }): Promise<{ run: SyncRun; isContinued: boolean }>;

  /**
   * Keeps the right to work on a run, and says what is done now. Throws SERVER_REFUSED for one who lost it.
   * Again: the last step and the last time are kept.
   * Concurrent: only the owner keeps the right.
   */
  holdSync(own: OwnedSync, step: SyncRun['step'], leaseUntil: Date): Promise<void>;

  /**
   * Ends a run that failed. Staged revisions stay. Changes nothing for one who lost the right.
   * Again: the last error is kept.
   * Concurrent: nothing is lost of a process that took the run over.
   */
  failSync(own: OwnedSync, error: { code: string; message: string }, now: Date): Promise<void>;

  /** Newest first. */
  listSyncRuns(limit: number): Promise<SyncRun[]>;

  /**
   * Deletes ended runs that began before this time, but the newest one. Answers how many.
   * Again: deletes nothing.
   * Concurrent: each run is counted once.
   */
  removeOldSyncRuns(before: Date): Promise<number>;

  /** The anchors of the next lists of this upstream. Empty before the first run. */
  loadSyncAnchors(upstream: string): Promise<SyncAnchors>;

  /**
   * Forgets where the next lists of this upstream begin, those of a replica included: it said that it is another server now.
   * Again: changes nothing. Throws SERVER_REFUSED for one who lost the right.
   * Concurrent: only the owner of the run can do it.
   */
  forgetSyncAnchors(own: OwnedSync, upstream: string): Promise<void>;
}

export interface ActivatedSync {
  added: number;
  expired: ExpiredUpdate[];
  /** Of a replica. */
  taken: TakenFromUpstream | undefined;
}

export interface SyncRevisions {
  /** The anchors of the lists that this run got already. */
  loadSyncLists(own: OwnedSync): Promise<SyncAnchors>;

  /**
   * Takes note of a list: what the catalog has is left out, what is staged stays. Revisions of an earlier answer that are
   * not in this one are dropped, but those that failed in earlier runs: these are wanted again. Throws SERVER_REFUSED for
   * one who lost the right.
   * Again: the same.
   * Concurrent: only the owner of the run can do it.
   */
  noteSyncList(
    own: OwnedSync,
    list: SyncListName | 'configuration',
    found: SyncAnchor & { identities: readonly UpdateIdentity[] },
  ): Promise<void>;

  /** The next wanted revisions behind `after`, in the order of their list. */
  loadWanted(
    after: number,
    limit: number,
  ): Promise<{ position: number; list: SyncListName; identity: UpdateIdentity }[]>;

  /**
   * Keeps documents that came, in one transaction. Throws SERVER_REFUSED for one who lost the right.
   * Again: counts twice, keeps the documents once.
   * Concurrent: only the owner of the run can do it.
   */
  stageSync(own: OwnedSync, batch: StagedBatch): Promise<void>;

  /**
   * Makes everything that is staged a part of the catalog, keeps the anchors and ends the run. Of a replica it also makes
   * groups and decisions those of the upstream server, on record. All of it is one transaction.
   * Throws SERVER_REFUSED for one who lost the right.
   * Again: throws SERVER_REFUSED, because the run has ended.
   * Concurrent: only the owner of the run can do it. Clients see the catalog of before or of afterwards.
   */
  activateSync(own: OwnedSync, now: Date, decisions?: UpstreamDecisions): Promise<ActivatedSync>;

  /** How many revisions are between the upstream's lists and the catalog, by state. */
  countSyncRevisions(): Promise<Record<'wanted' | 'staged' | 'failed', number>>;

  /** Revisions that were passed over, and still are. */
  listSyncFailures(limit: number): Promise<SyncFailure[]>;

  /** The addresses of the files with these SHA-1 digests (lower-case hex), as far as an upstream said. */
  findContentSources(sha1s: readonly string[]): Promise<Map<string, string>>;

  /**
   * Takes note of addresses of files (SHA-1 in lower-case hex) that came without a run.
   * Again: the same.
   * Concurrent: one of two addresses of a file stays.
   */
  noteContentSources(sources: StagedBatch['sources']): Promise<void>;
}

export interface Synchronisation extends SyncChoices, SyncRuns, SyncRevisions {}
