// Which files of content are there, verified against both digests.
import { decodeMore } from '@moult/catalog';
import { type Kysely, sql } from 'kysely';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { ContentFile, ContentFiles, ExpectedFile, ListedContent } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { transact } from './transact.ts';

export function contentFileStore(database: Database, changes: Changes): ContentFiles {
  const { tables } = database;
  let known: { at: string; files: ListedContent[] } | undefined;
  return {
    async findContentFile(sha1: string): Promise<ContentFile | undefined> {
      const row = await tables.selectFrom('content_files').selectAll().where('sha1', '=', sha1).executeTakeFirst();
      return (
        row && {
          sha1: row.sha1,
          sha256: row.sha256,
          sizeBytes: row.size_bytes,
          extension: row.extension,
          state: row.state,
          verifiedAt: new Date(row.verified_at),
        }
      );
    },

    async saveContentFile(file: ContentFile): Promise<void> {
      const { sha1, sha256, extension, state } = file;
      const known = { sha256, extension, state, size_bytes: file.sizeBytes, verified_at: file.verifiedAt.getTime() };
      await transact(database, async (transaction) => {
        await transaction
          .insertInto('content_files')
          .values({ sha1, ...known })
          .onConflict((conflict) => conflict.column('sha1').doUpdateSet(known))
          .execute();
        await markChange(transaction, 'content');
      });
      changes.announce('content');
    },

    async forgetContentFile(sha1: string): Promise<void> {
      await transact(database, async (transaction) => {
        await transaction.deleteFrom('content_files').where('sha1', '=', sha1).execute();
        await markChange(transaction, 'content');
      });
      changes.announce('content');
    },

    async listContent(): Promise<ListedContent[]> {
      // Read before the files: whoever writes meanwhile makes the next call read again.
      const at = await changesUntilNow(tables);
      if (known?.at !== at) known = { at, files: await readContent(tables) };
      return [...known.files];
    },

    listFilesOfUpdates: (updateIds: readonly string[]) => filesOf(tables, updateIds),

    async isExpectedName(fileName: string): Promise<boolean> {
      const row = await tables
        .selectFrom('revision_files')
        .select('sha1')
        .where(({ fn }) => fn<string>('lower', ['file_name']), '=', fileName.toLowerCase())
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    async findExpectedFile(sha1: string): Promise<ExpectedFile | undefined> {
      const row = await tables
        .selectFrom('revision_files')
        .select(['sha256', 'size_bytes', 'file_name'])
        .where('sha1', '=', sha1)
        .executeTakeFirst();
      return row && { sha256: row.sha256 ?? undefined, sizeBytes: row.size_bytes, fileName: row.file_name };
    },
  };
}

/** How often somebody changed what decides about content, this process or another one. */
async function changesUntilNow(tables: Kysely<Tables>): Promise<string> {
  const rows = await tables
    .selectFrom('counters')
    .select(['name', 'value'])
    .where('name', 'in', ['change:content', 'change:updates', 'change:deployments'])
    .orderBy('name')
    .execute();
  return rows.map(({ name, value }) => `${name} ${value}`).join();
}

/** Every file of the catalog, and those that no update has. A catalog of 100,000 updates takes a second. */
async function readContent(tables: Kysely<Tables>): Promise<ListedContent[]> {
  const { rows } = await sql<{
    sha1: string;
    sha256: string | null;
    size_bytes: number;
    file_name: string | null;
    state: 'present' | 'damaged' | null;
    extension: string | null;
    verified_at: number | null;
  }>`select files.sha1, coalesce(max(here.sha256), max(expected.sha256)) as sha256,
            coalesce(max(expected.size_bytes), max(here.size_bytes)) as size_bytes,
            max(expected.file_name) as file_name, max(here.state) as state, max(here.extension) as extension,
            max(here.verified_at) as verified_at
     from (select sha1 from revision_files union select sha1 from content_files) as files
     left join revision_files expected on expected.sha1 = files.sha1
     left join content_files here on here.sha1 = files.sha1
     group by files.sha1 order by files.sha1`.execute(tables);
  const approved = await filesOf(tables, await approvedUpdates(tables));
  return rows.map((row) => ({
    sha1: row.sha1,
    sha256: row.sha256 ?? undefined,
    sizeBytes: Number(row.size_bytes),
    fileName: row.file_name ?? undefined,
    extension: row.extension ?? undefined,
    state: row.state ?? 'missing',
    verifiedAt: row.verified_at === null ? undefined : new Date(Number(row.verified_at)),
    isApproved: approved.has(row.sha1),
  }));
}

async function approvedUpdates(tables: Kysely<Tables>): Promise<string[]> {
  const rows = await tables
    .selectFrom('deployments')
    .select('update_id')
    .distinct()
    .where('action', 'in', ['Install', 'OptionalInstall'])
    .execute();
  return rows.map(({ update_id }) => update_id);
}

/** Files (SHA-1) of the newest revisions of these updates, and of what they bundle: a bundle has no files of its own. */
async function filesOf(tables: Kysely<Tables>, updateIds: readonly string[]): Promise<Set<string>> {
  const files = new Set<string>();
  const seen = new Set<string>();
  for (let waiting = [...updateIds]; waiting.length > 0; ) {
    const some = waiting.splice(0, idsPerQuery).filter((id) => !seen.has(id));
    for (const id of some) seen.add(id);
    if (some.length === 0) continue;
    const { rows } = await sql<{ more: string | null; sha1: string | null }>`
      select summary.more, files.sha1 from update_titles newest
      join revision_summaries summary on summary.revision_id = newest.revision_id
      left join revision_files files on files.revision_id = newest.revision_id
      where newest.update_id in (${sql.join(some)})`.execute(tables);
    for (const { more, sha1 } of rows) {
      if (sha1 !== null) files.add(sha1);
      if (more?.includes('"bundleClauses":[[')) {
        const members = decodeMore(more).bundleClauses.flat();
        waiting = waiting.concat(members.map(({ updateId }) => updateId));
      }
    }
  }
  return files;
}

const idsPerQuery = 500;
