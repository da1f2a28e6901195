// The audit records: who changed something, and its values before and after. A record is written in the transaction
// that makes the change, so that neither is without the other. Records form a chain (audit-chain.ts).
import type { Kysely } from 'kysely';
import { type AuditRow, appendToChain, loadHead, lockHead, noteHead, watchHead } from './audit-chain.ts';
import { checkChain } from './audit-check.ts';
import type { AuditCheck, AuditHead, AuditLog, AuditRecord, Author } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

interface Change {
  action: string;
  subject: string;
  before?: unknown;
  after?: unknown;
}

/** Of all that a transaction locks, the head of the chain comes late: see the order of locks in transact.ts. */
export async function recordAudit(transaction: Kysely<Tables>, author: Author, change: Change): Promise<void> {
  await recordAudits(transaction, author, [change]);
}

/** As recordAudit, of several changes in this order. */
export async function recordAudits(
  transaction: Kysely<Tables>,
  author: Author,
  changesInOrder: readonly Change[],
): Promise<void> {
  if (changesInOrder.length === 0) return;
  const head = await lockHead(transaction);
  const strays = await loadStrays(transaction);
  const rows = [...strays];
  if (strays.length > 0) {
    const after = strays.map(({ audit_id }) => audit_id);
    const taken = { action: 'take records into the chain', subject: 'audit', after };
    rows.push(await insertRecord(transaction, { name: 'moult', at: author.at }, taken));
  }
  for (const change of changesInOrder) rows.push(await insertRecord(transaction, author, change));
  noteHead(transaction, await appendToChain(transaction, head, rows));
}

/** Records without a place in the chain: those that an older version writes while servers are being updated. */
async function loadStrays(transaction: Kysely<Tables>): Promise<AuditRow[]> {
  const query = transaction.selectFrom('audit').selectAll().where('chain_number', 'is', null);
  return query.orderBy('audit_id').limit(straysAtOnce).execute();
}

const straysAtOnce = 1000;

/** Answers the row as the database keeps it. */
async function insertRecord(transaction: Kysely<Tables>, { name, at }: Author, change: Change): Promise<AuditRow> {
  return transaction
    .insertInto('audit')
    .values({
      occurred_at: at.getTime(),
      actor: name,
      action: change.action,
      subject: change.subject,
      before: change.before === undefined ? null : JSON.stringify(change.before),
      after: change.after === undefined ? null : JSON.stringify(change.after),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export function auditStore(database: Database): AuditLog {
  const { tables } = database;
  return {
    async recordChange(author: Author, change: { action: string; subject: string; after?: unknown }): Promise<void> {
      await transact(database, (transaction) => recordAudit(transaction, author, change));
    },

    async listAudit({ limit, subject }: { limit: number; subject?: string }): Promise<AuditRecord[]> {
      let query = tables.selectFrom('audit').selectAll();
      if (subject !== undefined) query = query.where('subject', '=', subject);
      const rows = await query.orderBy('audit_id', 'desc').limit(limit).execute();
      return rows.map(recordOf);
    },

    async listAuditAfter(auditId: number, limit: number): Promise<AuditRecord[]> {
      const query = tables.selectFrom('audit').selectAll().where('audit_id', '>', auditId);
      return (await query.orderBy('audit_id').limit(limit).execute()).map(recordOf);
    },

    async checkAudit(known?: AuditHead): Promise<AuditCheck> {
      return checkChain(tables, known);
    },

    loadAuditHead: (): Promise<AuditHead> => loadHead(tables),

    watchAudit(listener: (head: AuditHead) => void): void {
      watchHead(tables, listener);
    },
  };
}

function recordOf(row: AuditRow): AuditRecord {
  return {
    auditId: row.audit_id,
    at: new Date(row.occurred_at),
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    before: row.before === null ? undefined : JSON.parse(row.before),
    after: row.after === null ? undefined : JSON.parse(row.after),
  };
}
