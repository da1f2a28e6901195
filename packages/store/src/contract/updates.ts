// The contract for revisions of updates.
import type { EncodedSummary, UpdateIdentity } from '@moult/catalog';
import type { Author } from './audit.ts';

export interface RevisionToImport {
  updateId: string;
  revisionNumber: number;
  updateType: string;
  categoryType: string | undefined;
  title: string;
  /** The update document, and the two fragments of it that every sync asks for. */
  xml: string;
  core: string;
  extended: string;
  summary: EncodedSummary;
  files: RevisionFile[];
}

export interface RevisionFile {
  /** Lower-case hex. */
  sha1: string;
  sha256: string | undefined;
  fileName: string;
  sizeBytes: number;
  modifiedAt: Date | undefined;
  /** Its publisher encrypted it: clients need its key. */
  isEncrypted?: true;
}

/** The same with its texts as they are stored. */
export interface PackedRevision extends Omit<RevisionToImport, 'xml' | 'core' | 'extended'> {
  document: Uint8Array;
  documentBytes: number;
  core: Uint8Array;
  extended: Uint8Array;
}

export interface ImportResult {
  revisionId: number;
  isNew: boolean;
  /** Its update is expired: what was taken off it now. */
  expired?: ExpiredUpdate;
}

export interface ExpiredUpdate {
  updateId: string;
  title: string;
  /** Approvals and other decisions that were taken off, over all groups. */
  decisions: number;
}

export interface NamedUpdate {
  updateId: string;
  title: string;
}

export interface MissingFile {
  /** Lower-case hex. */
  sha1: string;
  fileName: string;
  sizeBytes: number;
}

export interface StoredSummary extends EncodedSummary {
  revisionId: number;
  categoryType: string | undefined;
  importedAt: number;
}

/** Fragments that are kept ready beside the document. */
export type StoredFragment = 'core' | 'extended';

export interface ListedRevision {
  revisionId: number;
  updateId: string;
  revisionNumber: number;
  updateType: string;
  categoryType: string | undefined;
  title: string;
  documentBytes: number;
  importedAt: Date;
  isDeclined: boolean;
  /** Its publisher expired this revision. */
  isExpired: boolean;
}

/**
 * Revisions of updates: documents, their fragments, the summaries that the index in memory is made of, and their files.
 */
export interface Revisions {
  /**
   * Imports revisions in one transaction: all or none. Answers in the order given. An update whose newest revision is
   * expired loses its decisions and is declined in the same transaction, on record. Again: a revision that is there
   * keeps its id and stays as it is (`isNew` is false). A revision never changes. Concurrent: imports of all servers
   * come one after the other, and ids rise in the order of commits.
   */
  importRevisions(revisions: readonly (RevisionToImport | PackedRevision)[], now: Date): Promise<ImportResult[]>;

  /**
   * Gives `take` the summaries of revisions with ids above `after`, in rising order. Other work goes on meanwhile. A
   * revision that is committed after the call began may be missing: ask again with the last id.
   */
  readSummaries(after: number, take: (summary: StoredSummary) => void): Promise<void>;

  /** The update documents of these revisions. Ids that the store does not know are left out. */
  loadDocuments(revisionIds: readonly number[]): Promise<Map<number, string>>;

  /** The document of one revision as the store packed it, for `unpackInPieces`. Undefined for an unknown revision. */
  loadPackedDocument(revisionId: number): Promise<Uint8Array | undefined>;

  /** The next `count` documents with ids above `after`, in rising order. */
  loadDocumentsAfter(after: number, count: number): Promise<{ revisionId: number; document: string }[]>;

  /**
   * Replaces stored fragments by newly derived ones, in one transaction.
   * Again: changes nothing.
   * Concurrent: the last call wins. Two servers of one version derive the same.
   */
  replaceFragments(fragments: readonly { revisionId: number; core: string; extended: string }[]): Promise<void>;

  /** The fragments of these revisions. Ids that the store does not know are left out. Any number of ids. */
  loadFragments(kind: StoredFragment, revisionIds: readonly number[]): Promise<Map<number, string>>;

  /** The ids of declined updates. `setDeclined` writes them. */
  loadDeclined(): Promise<string[]>;

  /** How many revisions the store has. */
  countRevisions(): Promise<number>;

  /** The distinct files of these revisions. */
  loadFilesOf(revisionIds: readonly number[]): Promise<{ sha1: string; fileName: string }[]>;

  /** The files of each of these revisions, by name. Ids of revisions without a file are left out. */
  loadFilesByRevision(revisionIds: readonly number[]): Promise<Map<number, { sha1: string; fileName: string }[]>>;

  /** The files of updates with these SHA-1 digests (lower-case hex): one entry for each digest that an update names. */
  findFiles(sha1s: readonly string[]): Promise<Map<string, { fileName: string; sizeBytes: number }>>;
}

/** The catalog as lists show it, without reading documents. */
export interface RevisionLists {
  /** Revisions with ids above `after`, in rising order, `limit` at most. */
  listRevisions(after: number, limit: number): Promise<ListedRevision[]>;

  /** False on a PostgreSQL without pg_trgm, where a search reads all titles. SQLite reads them as fast as an index. */
  findsTitlesByIndex(): Promise<boolean>;

  /** All revisions of one update, by revision number. */
  findRevisions(updateId: string): Promise<ListedRevision[]>;
}

/** The facts of one update that the rules of administration need. */
export interface DecisionFacts {
  /** The summaries of these revisions. Ids that the store does not know are left out. */
  loadSummaries(revisionIds: readonly number[]): Promise<Map<number, StoredSummary>>;

  /** `UPDATE@REVISION` to the id of the revision. Identities that the store does not know are left out. */
  findRevisionIds(identities: readonly UpdateIdentity[]): Promise<Map<string, number>>;

  /** The updates whose newest revision bundles a revision of this one, by title. */
  findBundlesOf(updateId: string): Promise<NamedUpdate[]>;

  /** The distinct files of these revisions that are not here whole, by name. */
  findMissingFiles(revisionIds: readonly number[]): Promise<MissingFile[]>;
}

export interface ExpiredUpdates {
  /**
   * Takes the decisions off every expired update that still has some, and declines it, on record: what another version
   * of Moult imported. Costs one question when there is nothing to do. Again: changes nothing. Concurrent: as `deploy`.
   */
  takeOffExpired(author: Author): Promise<ExpiredUpdate[]>;
}

export interface UpdateStore extends Revisions, RevisionLists, DecisionFacts, ExpiredUpdates {}
