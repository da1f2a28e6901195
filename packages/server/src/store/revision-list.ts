// Looking through the catalogue: what is there, without reading documents.
import { decodeSupersedes } from '@moult/catalog';
import type { Database } from './database.ts';

export interface ListedRevision {
  revisionId: number;
  updateId: string;
  revisionNumber: number;
  updateType: string;
  categoryType: string | undefined;
  title: string;
  documentBytes: number;
  importedAt: Date;
  isDeclined: boolean;
}

export function revisionListStore({ tables }: Database) {
  const listed = () =>
    tables
      .selectFrom('revisions')
      .innerJoin('updates', 'updates.update_id', 'revisions.update_id')
      .select([
        ...([
          'revisions.revision_id',
          'revisions.update_id',
          'revision_number',
          'update_type',
          'category_type',
        ] as const),
        ...(['title', 'document_bytes', 'imported_at', 'is_declined'] as const),
      ]);
  return {
    /** Revisions with ids above `after`, in rising order, `limit` at a time. */
    async listRevisions(after: number, limit: number): Promise<ListedRevision[]> {
      const rows = await listed().where('revision_id', '>', after).orderBy('revision_id').limit(limit).execute();
      return rows.map(toListed);
    },

    /**
     * The newest revision of each update whose title holds `search` (letter case aside), by title, `limit` at most.
     * Only what an administrator decides on: neither categories nor detectoids.
     */
    async listUpdates({ search, limit }: { search?: string | undefined; limit: number }): Promise<ListedRevision[]> {
      const query = listed()
        .where('update_type', 'in', ['Software', 'Driver'])
        .where('revision_number', '=', ({ selectFrom, ref }) =>
          selectFrom('revisions as later')
            .select(({ fn }) => fn.max<number>('later.revision_number').as('newest'))
            .where('later.update_id', '=', ref('revisions.update_id')),
        );
      const ordered = query.orderBy('title').orderBy('revisions.update_id');
      if (search === undefined) return (await ordered.limit(limit).execute()).map(toListed);
      // SQLite knows letter case of ASCII only: its part is to leave most titles out.
      const wanted = search.toLowerCase();
      const pattern = `%${wanted.replaceAll(/[^a-z0-9 .()-]+/g, '%')}%`;
      const rows = await ordered.where(({ fn, eb }) => eb(fn<string>('lower', ['title']), 'like', pattern)).execute();
      return rows
        .filter(({ title }) => title.toLowerCase().includes(wanted))
        .slice(0, limit)
        .map(toListed);
    },

    /** Update → the updates of which some revision says that it supersedes it. */
    async loadSupersededBy(): Promise<Map<string, Set<string>>> {
      const rows = await tables
        .selectFrom('revision_summaries')
        .select(['update_id', 'more'])
        // Most supersede nothing, and need not be read.
        .where('more', 'like', '%"supersedes":["%')
        .execute();
      const found = new Map<string, Set<string>>();
      for (const { update_id, more } of rows) {
        for (const superseded of decodeSupersedes(more ?? '')) {
          found.set(superseded, (found.get(superseded) ?? new Set()).add(update_id));
        }
      }
      return found;
    },

    /** Every revision of one update, rising. */
    async findRevisions(updateId: string): Promise<ListedRevision[]> {
      const rows = await listed().where('revisions.update_id', '=', updateId).orderBy('revision_number').execute();
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
  };
}
