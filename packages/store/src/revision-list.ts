// Lists the catalog without reading documents.
import { type Kysely, sql } from 'kysely';
import type { ListedRevision, RevisionLists } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';

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

    async listUpdates({ search, limit }: { search?: string | undefined; limit: number }): Promise<ListedRevision[]> {
      const ids = await findTitles(tables, search?.toLowerCase() ?? '', limit);
      const found = new Map<number, ListedRevision>();
      for (let start = 0; start < ids.length; start += idsPerQuery) {
        const rows = await listed()
          .where('revisions.revision_id', 'in', ids.slice(start, start + idsPerQuery))
          .execute();
        for (const row of rows) found.set(row.revision_id, toListed(row));
      }
      return ids.map((id) => found.get(id)).filter((one) => one !== undefined);
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

/** The newest revisions, by title, of updates whose titles hold `wanted`, which is in lower case. */
async function findTitles(tables: Kysely<Tables>, wanted: string, limit: number): Promise<number[]> {
  // SQLite knows letter case of ASCII only: its part leaves most titles out.
  const pattern = `%${wanted.replaceAll(/[^a-z0-9 .()-]+/g, '%')}%`;
  const found: number[] = [];
  for (let last: { title: string; update_id: string } | undefined; ; ) {
    const rows = await titlesLike(tables, pattern, last);
    for (const { title, revision_id } of rows) {
      if (title.toLowerCase().includes(wanted)) found.push(revision_id);
      if (found.length >= limit) return found;
    }
    last = rows.at(-1);
    if (rows.length < titlesPerQuery) return found;
  }
}

/**
 * The next ones by title. PostgreSQL finds them by an index over parts of titles, when it has pg_trgm (migration 0008).
 */
function titlesLike(tables: Kysely<Tables>, pattern: string, last: { title: string; update_id: string } | undefined) {
  let query = tables.selectFrom('update_titles').select(['title', 'update_id', 'revision_id']);
  if (last)
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('title', 'update_id'), '>', tuple(last.title, last.update_id)),
    );
  if (pattern !== '%%') query = query.where(({ fn, eb }) => eb(fn<string>('lower', ['title']), 'like', pattern));
  return query.orderBy('title').orderBy('update_id').limit(titlesPerQuery).execute();
}

const titlesPerQuery = 1000;
const idsPerQuery = 500;

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
