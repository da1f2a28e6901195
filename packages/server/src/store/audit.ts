// Who changed what, from what to what. Written in the transaction that makes the change, so that neither is without
// the other.
import type { Kysely } from 'kysely';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';

/** Who makes a change, and when. */
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
  /** What it was done to, by id. */
  subject: string;
  before: unknown;
  after: unknown;
}

export async function recordAudit(
  transaction: Kysely<Tables>,
  { name, at }: Author,
  change: { action: string; subject: string; before?: unknown; after?: unknown },
): Promise<void> {
  await transaction
    .insertInto('audit')
    .values({
      occurred_at: at.getTime(),
      actor: name,
      action: change.action,
      subject: change.subject,
      before: change.before === undefined ? null : JSON.stringify(change.before),
      after: change.after === undefined ? null : JSON.stringify(change.after),
    })
    .execute();
}

export function auditStore({ tables }: Database) {
  return {
    /** For a change that is not made in the database: files taken in, set aside, imported. */
    async recordChange(author: Author, change: { action: string; subject: string; after?: unknown }): Promise<void> {
      await recordAudit(tables, author, change);
    },

    /** Newest first. */
    async listAudit({ limit, subject }: { limit: number; subject?: string }): Promise<AuditRecord[]> {
      let query = tables.selectFrom('audit').selectAll();
      if (subject !== undefined) query = query.where('subject', '=', subject);
      const rows = await query.orderBy('audit_id', 'desc').limit(limit).execute();
      return rows.map((row) => ({
        auditId: row.audit_id,
        at: new Date(row.occurred_at),
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        before: row.before === null ? undefined : JSON.parse(row.before),
        after: row.after === null ? undefined : JSON.parse(row.after),
      }));
    },
  };
}
