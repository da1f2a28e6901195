// The facts of one update that the rules of administration need: its summary, which updates hold it, and which files
// are here.
import { decodeMore, formatIdentity, type UpdateIdentity } from '@moult/catalog';
import { sql } from 'kysely';
import type { DecisionFacts, MissingFile, NamedUpdate, StoredSummary } from './contract/index.ts';
import type { Database } from './database.ts';
import { compareNames } from './lists/sort-keys.ts';
import { toSummary } from './updates.ts';

export function decisionFactStore({ tables }: Database): DecisionFacts {
  return {
    async loadSummaries(revisionIds: readonly number[]): Promise<Map<number, StoredSummary>> {
      const found = new Map<number, StoredSummary>();
      for (let start = 0; start < revisionIds.length; start += idsPerQuery) {
        const rows = await tables
          .selectFrom('revision_summaries')
          .selectAll()
          .where('revision_id', 'in', revisionIds.slice(start, start + idsPerQuery))
          .execute();
        for (const row of rows) found.set(row.revision_id, toSummary(row));
      }
      return found;
    },

    async findRevisionIds(identities: readonly UpdateIdentity[]): Promise<Map<string, number>> {
      const wanted = new Set(identities.map(formatIdentity));
      const ids = [...new Set(identities.map(({ updateId }) => updateId as string))];
      const found = new Map<string, number>();
      for (let start = 0; start < ids.length; start += idsPerQuery) {
        const rows = await tables
          .selectFrom('revisions')
          .select(['update_id', 'revision_number', 'revision_id'])
          .where('update_id', 'in', ids.slice(start, start + idsPerQuery))
          .execute();
        for (const { update_id, revision_number, revision_id } of rows) {
          const name = `${update_id}@${revision_number}`;
          if (wanted.has(name)) found.set(name, revision_id);
        }
      }
      return found;
    },

    async findBundlesOf(updateId: string): Promise<NamedUpdate[]> {
      const { rows } = await sql<{ update_id: string; title: string; more: string }>`
        select summary.update_id, revisions.title, summary.more
        from revision_summaries summary join revisions on revisions.revision_id = summary.revision_id
        where summary.more like ${`%"bundleClauses":[[%${updateId}%`}
          and not exists (select 1 from revisions later
            where later.update_id = summary.update_id and later.revision_number > summary.revision_number)
        order by summary.update_id`.execute(tables);
      return rows
        .filter(({ more }) =>
          decodeMore(more)
            .bundleClauses.flat()
            .some((one) => one.updateId === updateId),
        )
        .map(({ update_id, title }) => ({ updateId: update_id, title }))
        .sort((one, other) => compareNames(one.title, other.title));
    },

    async findMissingFiles(revisionIds: readonly number[]): Promise<MissingFile[]> {
      const missing = new Map<string, MissingFile>();
      for (let start = 0; start < revisionIds.length; start += idsPerQuery) {
        const some = revisionIds.slice(start, start + idsPerQuery);
        const { rows } = await sql<{ sha1: string; file_name: string; size_bytes: number }>`
          select files.sha1, files.file_name, files.size_bytes from revision_files files
          left join content_files here on here.sha1 = files.sha1 and here.state = 'present'
          where files.revision_id in (${sql.join(some)}) and here.sha1 is null`.execute(tables);
        for (const { sha1, file_name, size_bytes } of rows)
          missing.set(sha1, { sha1, fileName: file_name, sizeBytes: Number(size_bytes) });
      }
      return [...missing.values()].sort((a, b) => compareNames(a.fileName, b.fileName));
    },
  };
}

const idsPerQuery = 500;
