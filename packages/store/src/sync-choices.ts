// The products, classifications and languages that are asked of an upstream.
import { sql } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Author, CategoryContents, SyncChoice, SyncChoiceKind, SyncChoices } from './contract/index.ts';
import type { Database } from './database.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function syncChoiceStore(database: Database): SyncChoices {
  const { tables, engine } = database;
  return {
    async loadSyncChoices(): Promise<SyncChoice[]> {
      const rows = await tables
        .selectFrom('sync_choices')
        .select(['kind', 'id'])
        .orderBy('kind')
        .orderBy('id')
        .execute();
      return rows.map(({ kind, id }) => ({ kind: kind as SyncChoiceKind, id }));
    },

    async countByCategory(): Promise<CategoryContents[]> {
      const { rows } = await sql<Record<string, number> & { category_id: string }>`
        select category_id, count(*) as updates, sum(is_expired) as expired, sum(is_declined) as declined,
               sum(case when exists (select 1 from superseded_updates where superseded_updates.update_id = one.update_id)
                 then 1 else 0 end) as superseded,
               sum(document_bytes) as bytes, max(revisions.imported_at) as changed
        from update_categories
        join update_titles one on one.update_id = update_categories.update_id
        join revisions on revisions.revision_id = one.revision_id
        join revision_summaries on revision_summaries.revision_id = one.revision_id
        join updates on updates.update_id = one.update_id
        group by category_id order by category_id`.execute(tables);
      return rows.map((row) => ({
        ...{ categoryId: row.category_id, updates: Number(row.updates), expired: Number(row.expired) },
        ...{ declined: Number(row.declined), superseded: Number(row.superseded), bytes: Number(row.bytes) },
        changedAt: new Date(Number(row.changed)),
      }));
    },

    async changeSyncChoices(change: { add: readonly SyncChoice[]; remove: readonly SyncChoice[] }, author: Author) {
      return transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        const [added, removed]: [SyncChoice[], SyncChoice[]] = [[], []];
        for (const { kind, id } of change.add) {
          const row = { kind, id, chosen_at: stamp };
          const query = transaction
            .insertInto('sync_choices')
            .values(row)
            .onConflict((conflict) => conflict.doNothing());
          if ((await query.returning('id').execute()).length > 0) added.push({ kind, id });
        }
        for (const { kind, id } of change.remove) {
          const query = transaction.deleteFrom('sync_choices').where('kind', '=', kind).where('id', '=', id);
          if ((await query.returning('id').execute()).length > 0) removed.push({ kind, id });
        }
        if (added.length + removed.length > 0) {
          await recordAudit(transaction, author, {
            action: 'choose what to synchronise',
            subject: 'synchronisation',
            after: { added, removed },
          });
        }
        return { added, removed };
      });
    },
  };
}
