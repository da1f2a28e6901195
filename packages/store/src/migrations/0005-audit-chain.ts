// Audit records are chained: each holds a digest over itself and the one before. Those that are there are chained in the
// order of their ids. The columns may be empty, because the version before writes records without them.
import { type Kysely, sql } from 'kysely';
import { type AuditRow, appendToChain, lockHead } from '../audit-chain.ts';
import type { AuditHead } from '../contract/index.ts';
import type { Tables } from '../schema.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
  const transaction = database as Kysely<Tables>;
  let head: AuditHead | undefined;
  for (let last = 0; ; ) {
    const { rows } = await sql<AuditRow>`select * from audit where audit_id > ${last}
      order by audit_id limit ${recordsAtOnce}`.execute(database);
    if (rows.length === 0) return;
    head = await appendToChain(transaction, head ?? (await lockHead(transaction)), rows);
    last = Number(rows.at(-1)?.audit_id);
  }
}

const recordsAtOnce = 1000;

const statements = [
  'alter table audit add column chain_number bigint',
  'alter table audit add column digest text',
  'create unique index audit_by_chain on audit (chain_number)',
  'create index audit_not_chained on audit (audit_id) where chain_number is null',
];
