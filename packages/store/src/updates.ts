// Revisions: the whole document (zstd) for fragments, a summary for the index in memory, one row per file.
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type {
  ExpiredUpdate,
  ImportResult,
  PackedRevision,
  Revisions,
  RevisionToImport,
  StoredFragment,
  StoredSummary,
} from './contract/index.ts';
import type { Database } from './database.ts';
import { takeOffExpiredIn } from './expired-updates.ts';
import { insertRevisions } from './insert-revisions.ts';
import { packRevision, packText, unpacked } from './packing.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function updateStore(database: Database, changes: Changes): Revisions {
  const { tables } = database;
  return {
    async importRevisions(
      revisions: readonly (RevisionToImport | PackedRevision)[],
      now: Date,
    ): Promise<ImportResult[]> {
      const packed = await Promise.all(revisions.map(packRevision));
      const { results, expired } = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, database.engine, now.getTime());
        const imported = await insertRevisions({ transaction, engine: database.engine }, packed, stamp);
        const fresh = packed.filter((_, at) => imported[at]?.isNew);
        // Another revision makes no update expired.
        const updateIds = fresh.filter(({ summary }) => summary.isExpired).map(({ updateId }) => updateId);
        const author = { name: importAuthor, at: now };
        const taken = await takeOffExpiredIn(transaction, { author, stamp, updateIds });
        if (fresh.length > 0) await markChange(transaction, 'updates');
        return { results: imported, expired: taken };
      });
      if (results.some(({ isNew }) => isNew)) changes.announce('updates');
      if (expired.length > 0) changes.announce('deployments');
      return withExpired(results, packed, expired);
    },

    async readSummaries(after: number, take: (summary: StoredSummary) => void): Promise<void> {
      const read = async () => {
        for (let last = after; ; ) {
          const rows = await loadSummaries(tables, last);
          for (const row of rows) take(toSummary(row));
          last = rows.at(-1)?.revision_id ?? last;
          if (rows.length < summariesPerQuery) return;
          // A large catalog is loaded between other work, not instead of it.
          await new Promise(setImmediate);
        }
      };
      await (after === 0 ? database.readOnce(read) : read());
    },

    async loadDocuments(revisionIds: readonly number[]): Promise<Map<number, string>> {
      if (revisionIds.length === 0) return new Map();
      const rows = await tables
        .selectFrom('revisions')
        .select(['revision_id', 'document'])
        .where('revision_id', 'in', [...revisionIds])
        .execute();
      return new Map(rows.map(({ revision_id, document }) => [revision_id, unpacked(document)]));
    },

    async loadPackedDocument(revisionId: number): Promise<Uint8Array | undefined> {
      const row = await tables
        .selectFrom('revisions')
        .select('document')
        .where('revision_id', '=', revisionId)
        .executeTakeFirst();
      return row?.document;
    },

    async loadDocumentsAfter(after: number, count: number): Promise<{ revisionId: number; document: string }[]> {
      const rows = await tables
        .selectFrom('revisions')
        .select(['revision_id', 'document'])
        .where('revision_id', '>', after)
        .orderBy('revision_id')
        .limit(count)
        .execute();
      return rows.map(({ revision_id, document }) => ({ revisionId: revision_id, document: unpacked(document) }));
    },

    async replaceFragments(
      fragments: readonly { revisionId: number; core: string; extended: string }[],
    ): Promise<void> {
      const packed = await Promise.all(
        fragments.map(async ({ revisionId, core, extended }) => ({
          revisionId,
          texts: { core: await packText(core), extended: await packText(extended) },
        })),
      );
      await transact(database, async (transaction) => {
        for (const { revisionId, texts } of packed) {
          await transaction.updateTable('revisions').set(texts).where('revision_id', '=', revisionId).execute();
        }
      });
    },

    async loadFragments(kind: StoredFragment, revisionIds: readonly number[]): Promise<Map<number, string>> {
      const found = new Map<number, string>();
      for (let start = 0; start < revisionIds.length; start += idsPerQuery) {
        const rows = await tables
          .selectFrom('revisions')
          .select(['revision_id', `${kind} as fragment`])
          .where('revision_id', 'in', revisionIds.slice(start, start + idsPerQuery))
          .execute();
        for (const { revision_id, fragment } of rows) found.set(revision_id, unpacked(fragment));
      }
      return found;
    },

    async loadDeclined(): Promise<string[]> {
      const rows = await tables.selectFrom('updates').select('update_id').where('is_declined', '=', 1).execute();
      return rows.map(({ update_id }) => update_id);
    },

    async countRevisions(): Promise<number> {
      const row = await tables
        .selectFrom('revisions')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(row.count);
    },

    async loadFilesOf(revisionIds: readonly number[]): Promise<{ sha1: string; fileName: string }[]> {
      if (revisionIds.length === 0) return [];
      const rows = await tables
        .selectFrom('revision_files')
        .select(['sha1', 'file_name'])
        .where('revision_id', 'in', [...revisionIds])
        .execute();
      return [...new Map(rows.map(({ sha1, file_name }) => [sha1, { sha1, fileName: file_name }])).values()];
    },

    async loadFilesByRevision(
      revisionIds: readonly number[],
    ): Promise<Map<number, { sha1: string; fileName: string }[]>> {
      const found = new Map<number, { sha1: string; fileName: string }[]>();
      if (revisionIds.length === 0) return found;
      const rows = await tables
        .selectFrom('revision_files')
        .select(['revision_id', 'sha1', 'file_name'])
        .where('revision_id', 'in', [...revisionIds])
        .orderBy('file_name')
        .orderBy('sha1')
        .execute();
      for (const { revision_id, sha1, file_name } of rows) {
        const files = found.get(Number(revision_id)) ?? [];
        files.push({ sha1, fileName: file_name });
        found.set(Number(revision_id), files);
      }
      return found;
    },

    async findFiles(sha1s: readonly string[]): Promise<Map<string, { fileName: string; sizeBytes: number }>> {
      if (sha1s.length === 0) return new Map();
      const rows = await tables
        .selectFrom('revision_files')
        .select(['sha1', 'file_name', 'size_bytes'])
        .where('sha1', 'in', [...sha1s])
        .execute();
      return new Map(
        rows.map(({ sha1, file_name, size_bytes }) => [sha1, { fileName: file_name, sizeBytes: size_bytes }]),
      );
    },
  };
}

/** The author of removed decisions on expired updates, on the record. */
const importAuthor = 'import';

/** With the last of each update's results, what its expiry took off. */
function withExpired(
  results: ImportResult[],
  revisions: readonly PackedRevision[],
  expired: readonly ExpiredUpdate[],
): ImportResult[] {
  const places = new Map(revisions.map(({ updateId }, at) => [updateId, at]));
  const told = results.map((result) => ({ ...result }));
  for (const one of expired) {
    const result = told[places.get(one.updateId) ?? -1];
    if (result) result.expired = one;
  }
  return told;
}

const idsPerQuery = 500;
const summariesPerQuery = 2000;

function loadSummaries(tables: Database['tables'], after: number): Promise<Tables['revision_summaries'][]> {
  return tables
    .selectFrom('revision_summaries')
    .selectAll()
    .where('revision_id', '>', after)
    .orderBy('revision_id')
    .limit(summariesPerQuery)
    .execute();
}

export function toSummary(row: Tables['revision_summaries']): StoredSummary {
  return {
    revisionId: row.revision_id,
    updateId: row.update_id,
    revisionNumber: row.revision_number,
    updateType: row.update_type,
    explicitlyDeployable: row.explicitly_deployable === 1,
    isExpired: row.is_expired === 1,
    clauses: row.clauses,
    more: row.more ?? undefined,
    categoryType: row.category_type ?? undefined,
    importedAt: row.imported_at,
  };
}
