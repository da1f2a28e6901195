// The keys of encrypted files, sealed (MS-WSUSSS 3.1.1, DecryptionKey).
import type { UpdateIdentity } from '@moult/catalog';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { EncryptedFile, FileKey, FileKeyCounts, FileKeys, SealedKey } from './contract/index.ts';
import type { Database } from './database.ts';
import { syncBounds } from './declared-bounds.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

export function fileKeyStore(database: Database): FileKeys {
  const { tables } = database;
  return {
    async findFileKeys(sha1s: readonly string[]): Promise<Map<string, SealedKey | undefined>> {
      const found = new Map<string, SealedKey | undefined>();
      for (let at = 0; at < sha1s.length; at += idsPerQuery) {
        const some = sha1s.slice(at, at + idsPerQuery);
        const rows = await tables.selectFrom('file_keys').selectAll().where('sha1', 'in', some).execute();
        for (const row of rows) found.set(row.sha1, keyIn(row));
      }
      return found;
    },

    async noteFileKeys(keys: readonly FileKey[]): Promise<void> {
      await transact(database, (transaction) => noteFileKeysIn(transaction, keys));
    },

    async listFileKeys(after: string, limit: number): Promise<FileKey[]> {
      const query = tables.selectFrom('file_keys').selectAll().where('sha1', '>', after);
      const rows = await query.orderBy('sha1').limit(limit).execute();
      return rows.map((row) => ({ ...fileIn(row), key: keyIn(row) }));
    },

    async loadMissingFileKeys(sealedWith: string, limit: number): Promise<EncryptedFile[]> {
      const rows = await inCatalog(tables)
        .selectAll('file_keys')
        .where('attempts', '<', syncBounds.attempts)
        .where((where) => where.or([where('sealed', 'is', null), where('sealed_with', '<>', sealedWith)]))
        .orderBy('sha1')
        .limit(limit)
        .execute();
      return rows.map(fileIn);
    },

    async countFileKeys(sealedWith: string): Promise<FileKeyCounts> {
      const row = await inCatalog(tables)
        .select(({ fn }) => fn.countAll<number>().as('encrypted'))
        .select(sql<number | null>`sum(case when sealed_with = ${sealedWith} then 0 else 1 end)`.as('missing'))
        .executeTakeFirst();
      return { encrypted: Number(row?.encrypted ?? 0), missing: Number(row?.missing ?? 0) };
    },
  };
}

export async function noteFileKeysIn(transaction: Kysely<Tables>, keys: readonly FileKey[]): Promise<void> {
  for (const { sha1, updateId, revisionNumber, key } of keys) {
    const of = { update_id: updateId, revision_number: revisionNumber };
    const sealed = { sealed: key?.text ?? null, sealed_with: key?.with ?? null };
    await transaction
      .insertInto('file_keys')
      .values({ sha1, ...of, ...sealed, attempts: key ? 0 : 1 })
      .onConflict((conflict) =>
        conflict
          .column('sha1')
          .doUpdateSet(key ? { ...of, ...sealed, attempts: 0 } : { attempts: sql<number>`file_keys.attempts + 1` }),
      )
      .execute();
  }
}

const idsPerQuery = 500;

/** Without files of revisions that are staged still, or were removed. */
function inCatalog(tables: Kysely<Tables>) {
  return tables
    .selectFrom('file_keys')
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('revision_files').select('revision_id').whereRef('revision_files.sha1', '=', 'file_keys.sha1')),
    );
}

function keyIn({ sealed, sealed_with }: Selectable<Tables['file_keys']>): SealedKey | undefined {
  return sealed === null || sealed_with === null ? undefined : { text: sealed, with: sealed_with };
}

function fileIn({ sha1, update_id, revision_number }: Selectable<Tables['file_keys']>): EncryptedFile {
  return { sha1, updateId: update_id as UpdateIdentity['updateId'], revisionNumber: revision_number };
}
