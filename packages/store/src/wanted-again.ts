// Revisions that a cleanup removed, and an upstream server still has. A synchronisation does not fetch them again. It does as
// soon as a new revision names one of them, because clients evaluate that.
import { decodeClause, decodeMore, type UpdateIdentity } from '@moult/catalog';
import { type Kysely, sql } from 'kysely';
import type { PackedRevision } from './contract/index.ts';
import type { Tables } from './schema.ts';

const idsPerQuery = 500;

/** Of these revisions those that were removed, as `UPDATE@REVISION`. */
export async function removedNames(
  transaction: Kysely<Tables>,
  identities: readonly UpdateIdentity[],
): Promise<string[]> {
  const asked = new Set(identities.map(({ updateId, revisionNumber }) => `${updateId}@${revisionNumber}`));
  const removed = await removedOf(transaction, [...new Set(identities.map(({ updateId }) => updateId))]);
  return removed
    .map(({ update_id, revision_number }) => `${update_id}@${revision_number}`)
    .filter((one) => asked.has(one));
}

/** Adds what these revisions name to the list of what is wanted, where a cleanup removed it. */
export async function wantRemoved(transaction: Kysely<Tables>, revisions: readonly PackedRevision[]): Promise<void> {
  const named = revisions.flatMap(({ summary }) => namesIn(summary));
  const removed = await removedOf(transaction, [...new Set(named.map(({ updateId }) => updateId))]);
  for (const { update_id, revision_number } of wantedOf(removed, named)) {
    await sql`insert into sync_revisions (update_id, revision_number, list, position, state, attempts)
      select ${update_id}, ${revision_number}, 'updates', coalesce(max(position), 0) + 1, 'wanted', 0
      from sync_revisions where not exists (select 1 from revision_summaries
        where update_id = ${update_id} and revision_number = ${revision_number})
      having count(*) > 0
      on conflict do nothing`.execute(transaction);
  }
}

interface Named {
  updateId: string;
  /** Undefined: the newest one is meant. */
  revisionNumber: number | undefined;
}

function namesIn({ clauses, more }: PackedRevision['summary']): Named[] {
  const needed = clauses === '' ? [] : clauses.split(';').flatMap((clause) => decodeClause(clause).anyOf);
  const parts: Named[] = decodeMore(more).bundleClauses.flat();
  return [...parts, ...needed.map((updateId) => ({ updateId, revisionNumber: undefined }))];
}

interface Removed {
  update_id: string;
  revision_number: number;
}

function wantedOf(removed: readonly Removed[], named: readonly Named[]): Removed[] {
  const exact = new Set(named.map(({ updateId, revisionNumber }) => `${updateId}@${revisionNumber ?? 'newest'}`));
  const newest = new Map<string, number>();
  for (const { update_id, revision_number } of removed)
    newest.set(update_id, Math.max(revision_number, newest.get(update_id) ?? 0));
  return removed.filter(
    ({ update_id: id, revision_number: number }) =>
      exact.has(`${id}@${number}`) || (newest.get(id) === number && exact.has(`${id}@newest`)),
  );
}

/** Without those that came again since. */
async function removedOf(transaction: Kysely<Tables>, updateIds: readonly string[]): Promise<Removed[]> {
  const found: Removed[] = [];
  for (let at = 0; at < updateIds.length; at += idsPerQuery) {
    const some = updateIds.slice(at, at + idsPerQuery);
    const { rows } = await sql<Removed>`select distinct update_id, revision_number from removed_revisions
      where update_id in (${sql.join(some)}) and not exists (select 1 from revision_summaries as here
        where here.update_id = removed_revisions.update_id
          and here.revision_number = removed_revisions.revision_number)`.execute(transaction);
    found.push(...rows);
  }
  return found;
}
