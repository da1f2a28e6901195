// Which files of content are there, verified against both digests.
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Database } from './database.ts';

export interface ContentFile {
  /** Lower-case hex. */
  sha1: string;
  sha256: string;
  sizeBytes: number;
  /** With the dot, lower case; '' for none. */
  extension: string;
  state: 'present' | 'damaged';
  verifiedAt: Date;
}

export function contentFileStore({ tables }: Database, changes: Changes) {
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
      await tables.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('content_files')
          .values({ sha1, ...known })
          .onConflict((conflict) => conflict.column('sha1').doUpdateSet(known))
          .execute();
        await markChange(transaction, 'content');
      });
      changes.announce('content');
    },

    /** What the catalogue says of the file with this SHA-1, when any update has it. */
    async findExpectedFile(sha1: string): Promise<{ sha256: string | undefined; sizeBytes: number } | undefined> {
      const row = await tables
        .selectFrom('revision_files')
        .select(['sha256', 'size_bytes'])
        .where('sha1', '=', sha1)
        .executeTakeFirst();
      return row && { sha256: row.sha256 ?? undefined, sizeBytes: row.size_bytes };
    },
  };
}
