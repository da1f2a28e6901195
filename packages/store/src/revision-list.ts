// Lists the catalog without reading documents.
import { sql } from 'kysely';
import type { ListedRevision, RevisionLists } from './contract/index.ts';
import type { Database } from './database.ts';

export function revisionListStore({ tables, engine }: Database): RevisionLists {
  const listed = () =>
    tables
      .selectFrom('revisions')
      .innerJoin('updates', 'updates.update_id', 'revisions.update_id')
      .leftJoin('revision_summaries', 'revision_summaries.revision_id', 'revisions.revision_id')
      .select([
        ...([
          'revisions.revision_id',
          'revisions.update_id',
          'revisions.revision_number',
          'revisions.update_type',
          'revisions.category_type',
        ] as const),
        ...(['title', 'document_bytes', 'revisions.imported_at', 'is_declined', 'is_expired'] as const),
      ]);
  return {
    async listRevisions(after: number, limit: number): Promise<ListedRevision[]> {
      const rows = await listed()
        .where('revisions.revision_id', '>', after)
        .orderBy('revisions.revision_id')
        .limit(limit)
        .execute();
      return rows.map(toListed);
    },

    async findsTitlesByIndex(): Promise<boolean> {
      if (engine === 'sqlite') return true;
      const { rows } = await sql`select 1 from pg_indexes
        where schemaname = current_schema() and indexname = 'update_titles_by_part'`.execute(tables);
      return rows.length > 0;
    },

    async findRevisions(updateId: string): Promise<ListedRevision[]> {
      const rows = await listed()
        .where('revisions.update_id', '=', updateId)
        .orderBy('revisions.revision_number')
        .execute();
      return rows.map(toListed);
    },
  };
}

function toListed(row: {
  revision_id: number;
  update_id: string;
  revision_number: number;
  update_type: string;
  category_type: string | null;
  title: string;
  document_bytes: number;
  imported_at: number;
  is_declined: number;
  is_expired: number | null;
}): ListedRevision {
  return {
    revisionId: row.revision_id,
    updateId: row.update_id,
    revisionNumber: row.revision_number,
    updateType: row.update_type,
    categoryType: row.category_type ?? undefined,
    title: row.title,
    documentBytes: row.document_bytes,
    importedAt: new Date(row.imported_at),
    isDeclined: row.is_declined === 1,
    isExpired: row.is_expired === 1,
  };
}
