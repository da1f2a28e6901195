// The contract for the record of changes.

/** The author of a change, and the time. */
export interface Author {
  name: string;
  at: Date;
}

export interface AuditRecord {
  auditId: number;
  at: Date;
  actor: string;
  /** Verb and noun: `approve update`, `create group`. */
  action: string;
  /** The object of the change, by id. */
  subject: string;
  before: unknown;
  after: unknown;
}

/** The last link. */
export interface AuditHead {
  /** How many records the chain has: the number of the last. */
  records: number;
  /** Hex. */
  digest: string;
}

export type AuditBreak =
  /** Its contents are not those that were written. */
  | 'changed'
  /** It was taken out, or its place in the chain was changed. */
  | 'missing'
  /** It is in the table, but not in the chain: neither written by this version, nor taken in yet. */
  | 'not-chained'
  /** The chain goes on behind the head that the database names. */
  | 'behind-the-head'
  /** The chain is not the one whose head was noted elsewhere. */
  | 'other-chain';

export interface BrokenRecord {
  reason: AuditBreak;
  /** Its place in the chain, from 1. Undefined for one without. */
  number: number | undefined;
  /** The record itself, as far as it is there. */
  record: { auditId: number; at: Date; actor: string; action: string; subject: string } | undefined;
}

export interface AuditCheck {
  isIntact: boolean;
  /** Records that follow from each other. */
  records: number;
  /** The last of them. */
  head: AuditHead;
  /** The first that does not fit. */
  broken: BrokenRecord | undefined;
}

/** The record of changes. Each record is chained to the one before it. Nothing removes a record. */
export interface AuditLog {
  /**
   * Puts a change on record that is made outside the database: files added, moved away, imported. Changes inside the
   * database go on record in their own transaction.
   * Again: one more record.
   * Concurrent: records of all servers are chained one after the other.
   */
  recordChange(author: Author, change: { action: string; subject: string; after?: unknown }): Promise<void>;

  /** In their order, from behind the record with this id, `limit` at most. */
  listAuditAfter(auditId: number, limit: number): Promise<AuditRecord[]>;

  /** Newest first, `limit` at most. `subject` narrows to one. */
  listAudit(filter: { limit: number; subject?: string }): Promise<AuditRecord[]>;

  /**
   * Reads the whole chain and names its first break. `known` is a head that was noted elsewhere. Others may write
   * meanwhile.
   */
  checkAudit(known?: AuditHead): Promise<AuditCheck>;

  /** The last link of the chain, as the database names it. */
  loadAuditHead(): Promise<AuditHead>;

  /** Calls `listener` with the new head after each change that this process puts on record. */
  watchAudit(listener: (head: AuditHead) => void): void;
}
