// Reads the chain of audit records from its beginning, a portion at a time, while others go on writing.
import type { Kysely } from 'kysely';
import { type AuditRow, chained, emptyChain, loadHead } from './audit-chain.ts';
import type { AuditBreak, AuditCheck, AuditHead, BrokenRecord } from './contract/index.ts';
import type { Tables } from './schema.ts';

/** `known` is a head from another place than the database. */
export async function checkChain(tables: Kysely<Tables>, known: AuditHead | undefined): Promise<AuditCheck> {
  let last = emptyChain;
  const answer = (broken: BrokenRecord | undefined) => ({
    ...{ isIntact: broken === undefined, records: last.records, head: last, broken },
  });
  for (;;) {
    // Before the records: those that it names are all there by then, whoever goes on writing.
    const head = await loadHead(tables);
    const rows = await loadRows(tables, last.records);
    for (const row of rows) {
      const next = chained(last, row);
      if (row.chain_number !== next.records) return answer(broken('missing', next.records));
      if (row.digest !== next.digest) return answer(broken('changed', next.records, row));
      last = next;
      if (known?.records === last.records && known.digest !== last.digest)
        return answer(broken('other-chain', last.records, row));
    }
    if (rows.length > 0) continue;
    if (Math.max(head.records, known?.records ?? 0) > last.records) return answer(broken('missing', last.records + 1));
    if (head.records < last.records) {
      return answer(broken('behind-the-head', head.records + 1, await loadRow(tables, head.records + 1)));
    }
    if (head.digest !== last.digest) {
      return answer(broken('other-chain', last.records, await loadRow(tables, last.records)));
    }
    return answer(await findStray(tables));
  }
}

const rowsPerQuery = 1000;

function loadRows(tables: Kysely<Tables>, after: number): Promise<AuditRow[]> {
  const query = tables.selectFrom('audit').selectAll().where('chain_number', '>', after);
  return query.orderBy('chain_number').limit(rowsPerQuery).execute();
}

function loadRow(tables: Kysely<Tables>, number: number): Promise<AuditRow | undefined> {
  return tables.selectFrom('audit').selectAll().where('chain_number', '=', number).executeTakeFirst();
}

async function findStray(tables: Kysely<Tables>): Promise<BrokenRecord | undefined> {
  const query = tables.selectFrom('audit').selectAll().where('chain_number', 'is', null);
  const row = await query.orderBy('audit_id').executeTakeFirst();
  return row && broken('not-chained', undefined, row);
}

function broken(reason: AuditBreak, number: number | undefined, row?: AuditRow): BrokenRecord {
  const record = row && {
    ...{ auditId: Number(row.audit_id), at: new Date(Number(row.occurred_at)), actor: row.actor },
    ...{ action: row.action, subject: row.subject },
  };
  return { reason, number, record };
}
