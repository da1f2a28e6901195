// Takes revisions out of the catalog. It stamps as an import does, so one comes after the other. Nothing that was imported
// after the choice can name what goes.
import { type Kysely, sql } from 'kysely';
import { recordAudits } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, RemovableUpdate, RemovedUpdates, RevisionRemoval, UpdateRemoval } from './contract/index.ts';
import type { Database } from './database.ts';
import { takeBack } from './deployments.ts';
import type { Tables } from './schema.ts';
import { earliestStamp, takeStamp } from './stamps.ts';
import { retried, transact } from './transact.ts';

export function revisionRemovalStore(database: Database, changes: Changes): RevisionRemoval {
  const { tables, engine } = database;
  return {
    async loadDeclineTimes(): Promise<Map<string, Date>> {
      const declined = tables.selectFrom('updates').select(['update_id', 'changed_at']).where('is_declined', '=', 1);
      return new Map((await declined.execute()).map((row) => [row.update_id, new Date(Number(row.changed_at))]));
    },

    async loadHeldUpdates(): Promise<Set<string>> {
      const { rows } = await sql<{ update_id: string }>`
        select update_id from rollouts where status not in ('finished', 'rolledBack')
        union select published_as from vendor_packages where published_as is not null`.execute(tables);
      return new Set(rows.map(({ update_id }) => update_id));
    },

    async removeRevisions(step: UpdateRemoval, author: Author): Promise<RemovedUpdates | undefined> {
      const removed = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        if ((await generationOf(transaction)) !== step.generation) return undefined;
        const going = await stillGoing(transaction, step);
        await removeFacts(transaction, going, { author, stamp });
        await record(transaction, going, author);
        const revisionIds = going.flatMap((update) => update.revisionIds);
        if (revisionIds.length > 0) {
          await removeRows(transaction, revisionIds, stamp);
          await markChange(transaction, 'updates');
          await markChange(transaction, 'deployments');
        }
        const generation = await generationOf(transaction);
        return { updates: going.length, revisions: revisionIds.length, generation };
      });
      if (removed !== undefined && removed.revisions > 0)
        for (const topic of ['updates', 'deployments'] as const) changes.announce(topic);
      return removed;
    },

    async removeStatesOf(updateIds: readonly string[], limit: number): Promise<number> {
      const some = sql`select computer_id, update_id from computer_update_status
        where update_id in (${sql.join(updateIds)}) limit ${limit}`;
      const { numAffectedRows = 0n } = await retried(() =>
        sql`delete from computer_update_status where (computer_id, update_id) in (${some})`.execute(tables),
      );
      return Number(numAffectedRows);
    },

    async loadRemovals(after: number, limit: number) {
      const rows = await tables
        .selectFrom('removed_revisions')
        .select(['removal_id', 'revision_id', 'removed_at'])
        .where('removal_id', '>', after)
        .orderBy('removal_id')
        .limit(limit)
        .execute();
      return rows.map(({ removal_id, revision_id, removed_at }) => ({
        removalId: Number(removal_id),
        revisionId: Number(revision_id),
        removedAt: Number(removed_at),
      }));
    },

    async loadLastRemoval(): Promise<number> {
      const last = tables.selectFrom('removed_revisions').select(({ fn }) => fn.max('removal_id').as('last'));
      return Number((await last.executeTakeFirst())?.last ?? 0);
    },

    async countOldEvents(table, before): Promise<number> {
      const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}
        where received_at < ${before.getTime()} and received_at >= ${earliestStamp}`.execute(tables);
      return Number(rows[0]?.count ?? 0);
    },
  };
}

async function generationOf(transaction: Kysely<Tables>): Promise<number> {
  const mark = transaction.selectFrom('counters').select('value').where('name', '=', 'change:updates');
  return Number((await mark.executeTakeFirst())?.value ?? 0);
}

/** Without updates that are not declined any more, or were declined again later. */
async function stillGoing(
  transaction: Kysely<Tables>,
  { updates, declinedBefore }: UpdateRemoval,
): Promise<RemovableUpdate[]> {
  const declined = updates.filter(({ kind }) => kind === 'declined').map(({ updateId }) => updateId);
  if (declined.length === 0) return [...updates];
  const rows = await transaction
    .selectFrom('updates')
    .select('update_id')
    .where('update_id', 'in', declined)
    .where('is_declined', '=', 1)
    .where('changed_at', '<', declinedBefore.getTime())
    .execute();
  const going = new Set(rows.map(({ update_id }) => update_id));
  return updates.filter(({ kind, updateId }) => kind !== 'declined' || going.has(updateId));
}

interface Circumstances {
  author: Author;
  stamp: number;
}

/** Everything beside the revisions, on record. Whole updates stay as names, with their declines. */
async function removeFacts(
  transaction: Kysely<Tables>,
  updates: readonly RemovableUpdate[],
  { author, stamp }: Circumstances,
): Promise<void> {
  const whole = updates.filter(({ kind }) => kind !== 'replaced').map(({ updateId }) => updateId);
  for (const ids of pieces(whole)) {
    const decisions = transaction.selectFrom('deployments').selectAll().where('update_id', 'in', ids);
    const held = await decisions.where(sql`action`, '<>', 'Inherit').orderBy('deployment_id').execute();
    for (const decision of held) await takeBack(transaction, decision, { author, stamp });
    for (const table of ['decline_origins', 'computer_update_status', 'update_titles', 'update_articles'] as const)
      await transaction.deleteFrom(table).where('update_id', 'in', ids).execute();
    await transaction.deleteFrom('update_categories').where('update_id', 'in', ids).execute();
    // Its own entry as a superseded update stays, and counts when it comes again.
    await transaction.deleteFrom('superseded_updates').where('superseded_by', 'in', ids).execute();
  }
}

async function record(transaction: Kysely<Tables>, updates: readonly RemovableUpdate[], author: Author): Promise<void> {
  const known = new Map<number, { title: string; revision_number: number }>();
  for (const ids of pieces(updates.flatMap(({ revisionIds }) => revisionIds))) {
    const named = transaction.selectFrom('revisions').select(['revision_id', 'title', 'revision_number']);
    for (const row of await named.where('revision_id', 'in', ids).execute()) known.set(Number(row.revision_id), row);
  }
  const changes = updates.map(({ updateId, revisionIds, kind }) => {
    const rows = revisionIds.flatMap((id) => known.get(id) ?? []);
    return {
      action: kind === 'replaced' ? 'remove old revisions' : 'remove update',
      subject: updateId,
      before: { title: rows.at(-1)?.title ?? '', revisions: rows.map(({ revision_number }) => revision_number) },
    };
  });
  await recordAudits(transaction, author, changes);
}

async function removeRows(transaction: Kysely<Tables>, revisionIds: readonly number[], stamp: number): Promise<void> {
  for (const some of pieces(revisionIds)) {
    await sql`insert into removed_revisions (revision_id, update_id, revision_number, removed_at)
      select revision_id, update_id, revision_number, cast(${stamp} as bigint) from revisions
      where revision_id in (${sql.join(some)}) order by revision_id`.execute(transaction);
    for (const table of ['revision_files', 'revision_summaries', 'revisions'] as const)
      await transaction.deleteFrom(table).where('revision_id', 'in', some).execute();
  }
}

const idsPerQuery = 500;

function pieces<Id>(ids: readonly Id[]): Id[][] {
  return Array.from({ length: Math.ceil(ids.length / idsPerQuery) }, (_, at) =>
    ids.slice(at * idsPerQuery, (at + 1) * idsPerQuery),
  );
}
