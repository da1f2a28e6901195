// Revisions: the whole document (zstd) for fragments, a summary for the index in memory, one row per file.
import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';

const compressLater = promisify(zstdCompress);

export interface RevisionToImport {
  updateId: string;
  revisionNumber: number;
  updateType: string;
  categoryType: string | undefined;
  title: string;
  /** The update document, and the two fragments of it that every sync asks for. */
  xml: string;
  core: string;
  extended: string;
  /** encodeSummary of the catalogue. */
  summary: string;
  files: RevisionFile[];
}

export interface RevisionFile {
  /** Lower-case hex. */
  sha1: string;
  sha256: string | undefined;
  fileName: string;
  sizeBytes: number;
  modifiedAt: Date | undefined;
}

export interface StoredSummary {
  revisionId: number;
  summary: string;
  categoryType: string | undefined;
  importedAt: number;
}

/** Fragments that are kept ready beside the document. */
export type StoredFragment = 'core' | 'extended';

export interface ImportResult {
  revisionId: number;
  isNew: boolean;
}

export function updateStore({ tables }: Database, changes: Changes) {
  return {
    /**
     * Imports revisions in one transaction. One that is there already keeps its id and is left alone: a revision
     * never changes. Answers in the order given.
     */
    async importRevisions(revisions: readonly RevisionToImport[], now: Date): Promise<ImportResult[]> {
      const packed = await Promise.all(revisions.map(pack));
      const results = await tables.transaction().execute(async (transaction) => {
        const imported: ImportResult[] = [];
        const known = await knownRevisions(transaction, revisions);
        for (const [index, revision] of revisions.entries()) {
          imported.push(await importOne(transaction, known, revision, packed[index] as Packed, now.getTime()));
        }
        if (imported.some(({ isNew }) => isNew)) await markChange(transaction, 'updates');
        return imported;
      });
      if (results.some(({ isNew }) => isNew)) changes.announce('updates');
      return results;
    },

    /** Summaries of revisions with ids above `after`, in rising order, `limit` at a time. */
    async loadSummaries(after: number, limit: number): Promise<StoredSummary[]> {
      const rows = await tables
        .selectFrom('revisions')
        .select(['revision_id', 'summary', 'category_type', 'imported_at'])
        .where('revision_id', '>', after)
        .orderBy('revision_id')
        .limit(limit)
        .execute();
      return rows.map(({ revision_id, summary, category_type, imported_at }) => ({
        revisionId: revision_id,
        summary,
        categoryType: category_type ?? undefined,
        importedAt: imported_at,
      }));
    },

    /** The update documents of these revisions; unknown ids are left out. */
    async loadDocuments(revisionIds: readonly number[]): Promise<Map<number, string>> {
      if (revisionIds.length === 0) return new Map();
      const rows = await tables
        .selectFrom('revisions')
        .select(['revision_id', 'document'])
        .where('revision_id', 'in', [...revisionIds])
        .execute();
      return new Map(rows.map(({ revision_id, document }) => [revision_id, unpacked(document)]));
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

    /** The distinct files of these revisions. */
    async loadFilesOf(revisionIds: readonly number[]): Promise<{ sha1: string; fileName: string }[]> {
      if (revisionIds.length === 0) return [];
      const rows = await tables
        .selectFrom('revision_files')
        .select(['sha1', 'file_name'])
        .where('revision_id', 'in', [...revisionIds])
        .execute();
      return [...new Map(rows.map(({ sha1, file_name }) => [sha1, { sha1, fileName: file_name }])).values()];
    },

    /** Files with these SHA-1 digests (lower-case hex), one entry per digest known. */
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

const idsPerQuery = 500;

/** Small texts stay as they are: packing them saves nothing worth its time. They begin with `<`, packed ones never do. */
function compress(bytes: Buffer): Uint8Array | Promise<Uint8Array> {
  const worthPacking = 2048;
  // Going through the thread pool costs fifty times what packing a document of usual size does.
  const worthAThread = 256 * 1024;
  if (bytes.length < worthPacking && bytes[0] === lessThan) return bytes;
  return bytes.length < worthAThread ? zstdCompressSync(bytes) : compressLater(bytes);
}

const lessThan = 0x3c;

function unpacked(bytes: Uint8Array): string {
  return (bytes[0] === lessThan ? Buffer.from(bytes) : zstdDecompressSync(bytes)).toString();
}

interface Packed {
  document: Uint8Array;
  core: Uint8Array;
  extended: Uint8Array;
}

async function pack({ xml, core, extended }: RevisionToImport): Promise<Packed> {
  const [document, packedCore, packedExtended] = await Promise.all(
    [xml, core, extended].map((text) => compress(Buffer.from(text))),
  );
  return { document, core: packedCore, extended: packedExtended } as Packed;
}

/** Update id → revision number → revision id, of the updates in question. */
type KnownRevisions = Map<string, Map<number, number>>;

async function knownRevisions(
  transaction: Kysely<Tables>,
  revisions: readonly RevisionToImport[],
): Promise<KnownRevisions> {
  const known: KnownRevisions = new Map();
  const ids = [...new Set(revisions.map(({ updateId }) => updateId))];
  for (let start = 0; start < ids.length; start += idsPerQuery) {
    const rows = await transaction
      .selectFrom('updates')
      .leftJoin('revisions', 'revisions.update_id', 'updates.update_id')
      .select(['updates.update_id', 'revision_number', 'revision_id'])
      .where('updates.update_id', 'in', ids.slice(start, start + idsPerQuery))
      .execute();
    for (const { update_id, revision_number, revision_id } of rows) {
      const numbers = known.get(update_id) ?? new Map<number, number>();
      known.set(update_id, numbers);
      if (revision_number !== null && revision_id !== null) numbers.set(revision_number, revision_id);
    }
  }
  return known;
}

/** Plain SQL: an import of 100,000 documents spends more on building these statements than on running them. */
async function importOne(
  transaction: Kysely<Tables>,
  known: KnownRevisions,
  revision: RevisionToImport,
  { document, core, extended }: Packed,
  now: number,
): Promise<ImportResult> {
  const { updateId, revisionNumber, updateType, title, summary } = revision;
  const numbers = known.get(updateId);
  const existing = numbers?.get(revisionNumber);
  if (existing !== undefined) return { revisionId: existing, isNew: false };
  if (!numbers) {
    await sql`insert into updates (update_id, is_declined, changed_at) values (${updateId}, 0, ${now})
              on conflict do nothing`.execute(transaction);
  }
  const { rows } = await sql<{ revision_id: number }>`
    insert into revisions (update_id, revision_number, update_type, category_type, title, document, document_bytes,
                           core, extended, summary, imported_at)
    values (${updateId}, ${revisionNumber}, ${updateType}, ${revision.categoryType ?? null}, ${title}, ${document},
            ${Buffer.byteLength(revision.xml)}, ${core}, ${extended}, ${summary}, ${now})
    returning revision_id`.execute(transaction);
  const revisionId = rows[0]?.revision_id ?? 0;
  for (const { sha1, sha256, fileName, sizeBytes, modifiedAt } of revision.files) {
    await sql`insert into revision_files (revision_id, sha1, sha256, file_name, size_bytes, modified_at)
              values (${revisionId}, ${sha1}, ${sha256 ?? null}, ${fileName}, ${sizeBytes},
                      ${modifiedAt?.getTime() ?? null})
              on conflict do nothing`.execute(transaction);
  }
  known.set(updateId, (numbers ?? new Map<number, number>()).set(revisionNumber, revisionId));
  return { revisionId, isNew: true };
}
