// The chain of audit records: each record holds a SHA-256 over itself and the record before. Somebody who changes,
// removes or moves a record must make all later records and the head again. Other places hold copies of the head. The
// formula never changes, because records stay chained for as long as a database lives.
import { createHash } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { AuditHead } from './contract/index.ts';
import type { Tables } from './schema.ts';

export const emptyChain: AuditHead = { records: 0, digest: '0'.repeat(64) };

export type AuditRow = Selectable<Tables['audit']>;

/** The digest of the record that follows `before`. */
export function chained(before: AuditHead, row: Omit<AuditRow, 'chain_number' | 'digest'>): AuditHead {
  const records = before.records + 1;
  const text = JSON.stringify([
    ...[before.digest, records, Number(row.audit_id), Number(row.occurred_at), row.actor, row.action, row.subject],
    ...[row.before, row.after],
  ]);
  return { records, digest: createHash('sha256').update(text).digest('hex') };
}

const headName = 'audit-head';

/** The head, locked until the transaction ends: records are chained one after the other, whoever writes them. */
export async function lockHead(transaction: Kysely<Tables>): Promise<AuditHead> {
  const { rows } = await sql<{ value: string }>`
    insert into configuration (name, value) values (${headName}, ${textOf(emptyChain)})
    on conflict (name) do update set value = configuration.value returning value`.execute(transaction);
  const head = headIn(rows[0]?.value);
  return head.records > 0 ? head : ((await lastRecord(transaction)) ?? emptyChain);
}

/** The head before somebody removed it. */
async function lastRecord(transaction: Kysely<Tables>): Promise<AuditHead | undefined> {
  const query = transaction
    .selectFrom('audit')
    .select(['chain_number', 'digest'])
    .where('chain_number', 'is not', null);
  const row = await query.orderBy('chain_number', 'desc').limit(1).executeTakeFirst();
  return row?.digest ? { records: Number(row.chain_number), digest: row.digest } : undefined;
}

export async function loadHead(tables: Kysely<Tables>): Promise<AuditHead> {
  const row = await tables.selectFrom('configuration').select('value').where('name', '=', headName).executeTakeFirst();
  return headIn(row?.value);
}

/** Appends rows that are in the table already, in this order. Answers the new head. Lock the head first. */
export async function appendToChain(
  transaction: Kysely<Tables>,
  head: AuditHead,
  rows: readonly AuditRow[],
): Promise<AuditHead> {
  let last = head;
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    const links = rows.slice(start, start + rowsPerStatement).map((row) => {
      last = chained(last, row);
      return sql`select cast(${row.audit_id} as bigint) as id, cast(${last.records} as bigint) as number,
        cast(${last.digest} as text) as digest`;
    });
    await sql`update audit set chain_number = link.number, digest = link.digest
              from (${sql.join(links, sql` union all `)}) as link where audit_id = link.id`.execute(transaction);
  }
  await sql`update configuration set value = ${textOf(last)} where name = ${headName}`.execute(transaction);
  return last;
}

const rowsPerStatement = 100;

function textOf({ records, digest }: AuditHead): string {
  return `${records} ${digest}`;
}

function headIn(text: string | undefined): AuditHead {
  const [, records, digest] = /^(\d+) ([\da-f]{64})$/.exec(text ?? '') ?? [];
  return records === undefined || digest === undefined ? emptyChain : { records: Number(records), digest };
}

const headsOf = new WeakMap<object, AuditHead>();
const listenersOf = new WeakMap<object, Set<(head: AuditHead) => void>>();

/** Notes the head that `transaction` will leave behind. */
export function noteHead(transaction: Kysely<Tables>, head: AuditHead): void {
  headsOf.set(transaction, head);
}

/** Tells those who watch the chain of this database of the head that a transaction left behind, when it did. */
export function tellHead(tables: Kysely<Tables>, transaction: Kysely<Tables>): void {
  const head = headsOf.get(transaction);
  if (head) for (const listener of listenersOf.get(tables) ?? []) listener(head);
}

/** Calls `listener` after each transaction of this process that added to the chain. */
export function watchHead(tables: Kysely<Tables>, listener: (head: AuditHead) => void): void {
  const listeners = listenersOf.get(tables) ?? new Set();
  listenersOf.set(tables, listeners.add(listener));
}
