// Updates, their revisions and their files.
import type { Generated } from 'kysely';
import type { Identity } from './identity.ts';

export interface RevisionsTable {
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
  /** The fragments that every sync asks for, made once at import. Packed with zstd. */
  core: Uint8Array;
  extended: Uint8Array;
  imported_at: number;
}

/**
 * The facts that the catalog index needs, apart from the documents. A start reads all of this table, and nothing else.
 */
export interface RevisionSummariesTable {
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

/** Revisions that a cleanup removed. Their ids are never given again. */
export interface RemovedRevisionsTable {
  removal_id: Identity;
  revision_id: number;
  update_id: string;
  revision_number: number;
  removed_at: number;
}

/** The newest revision of each update that is software or a driver. Triggers of the database keep it. */
export interface UpdateTitlesTable {
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

/** On how many computers, up to the last time that the changes were added up. Nothing but update-figures.ts writes them. */
export interface UpdateFiguresTable {
  update_id: string;
  /** Computers that need it, have it downloaded, or wait for a restart. */
  needed: number;
  failed: number;
}

/** Changes that triggers of the database noted since. */
export interface UpdateFigureChangesTable {
  change_id: Identity;
  update_id: string;
  needed: number;
  failed: number;
}

export interface RevisionFilesTable {
  revision_id: number;
  sha1: string;
  sha256: string | null;
  file_name: string;
  size_bytes: number;
  modified_at: number | null;
}

/** A row for each file of an update that its publisher encrypted, also while its key is not here. */
export interface FileKeysTable {
  sha1: string;
  /** A revision that has the file: an upstream server is asked by it. */
  update_id: string;
  revision_number: number;
  /** Null: the key is not here. */
  sealed: string | null;
  /** Names the key that seals. */
  sealed_with: string | null;
  /** How often an upstream server did not give the key. */
  attempts: number;
}

export interface ContentFilesTable {
  sha1: string;
  sha256: string;
  size_bytes: number;
  /** With the dot, lower case. '' without one. */
  extension: string;
  state: 'present' | 'damaged';
  verified_at: number;
}
