// Updates that their publisher expired. As in WSUS, Moult withdraws their approvals and declines them. It does so in
// the transaction that brings the expired revision. So no client is offered one in between.
import { type Kysely, sql } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, ExpiredUpdate, ExpiredUpdates } from './contract/index.ts';
import type { Database } from './database.ts';
import { takeBack, writeDeclined } from './deployments.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function expiredUpdateStore(database: Database, changes: Changes): ExpiredUpdates {
  const { tables, engine } = database;
  return {
    async takeOffExpired(author: Author): Promise<ExpiredUpdate[]> {
      if ((await findExpired(tables)).length === 0) return [];
      const taken = await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        return takeOffExpiredIn(transaction, { author, stamp });
      });
      if (taken.length > 0) changes.announce('deployments');
      return taken;
    },
  };
}

/** As takeOffExpired, of these updates or of all, inside a transaction that has its stamp. */
export async function takeOffExpiredIn(
  transaction: Kysely<Tables>,
  { author, stamp, updateIds }: { author: Author; stamp: number; updateIds?: readonly string[] },
): Promise<ExpiredUpdate[]> {
  const expired = await findExpired(transaction, updateIds);
  const taken: ExpiredUpdate[] = [];
  for (const { updateId, title, isDeclined } of expired) {
    const held = await transaction
      .selectFrom('deployments')
      .selectAll()
      .where('update_id', '=', updateId)
      .where(sql`action`, '<>', 'Inherit')
      .orderBy('deployment_id')
      .execute();
    for (const decision of held) await takeBack(transaction, decision, { author, stamp });
    if (!isDeclined) await writeDeclined(transaction, updateId, true, { author, stamp });
    await recordAudit(transaction, author, { action: 'expire update', subject: updateId, after: { title } });
    taken.push({ updateId, title, decisions: held.length });
  }
  if (taken.length > 0) await markChange(transaction, 'deployments');
  return taken;
}

interface FoundExpired {
  updateId: string;
  title: string;
  isDeclined: boolean;
}

/** Whose newest revision is expired, and that are not declined or have decisions. */
async function findExpired(tables: Kysely<Tables>, updateIds?: readonly string[]): Promise<FoundExpired[]> {
  const found: FoundExpired[] = [];
  for (const some of updateIds === undefined ? [undefined] : pieces([...new Set(updateIds)])) {
    const within = some === undefined ? sql`` : sql`and newest.update_id in (${sql.join(some)})`;
    const { rows } = await sql<{ update_id: string; title: string; is_declined: number }>`
      select newest.update_id, revisions.title, updates.is_declined
      from revision_summaries newest
      join updates on updates.update_id = newest.update_id
      join revisions on revisions.revision_id = newest.revision_id
      where newest.is_expired = 1 and newest.update_type in ('Software', 'Driver') ${within}
        and not exists (select 1 from revisions later
          where later.update_id = newest.update_id and later.revision_number > newest.revision_number)
        and (updates.is_declined = 0 or exists (select 1 from deployments
          where deployments.update_id = newest.update_id and deployments.action <> 'Inherit'))
      order by newest.update_id`.execute(tables);
    found.push(
      ...rows.map(({ update_id, title, is_declined }) => ({
        updateId: update_id,
        title,
        isDeclined: is_declined === 1,
      })),
    );
  }
  return found;
}

const idsPerQuery = 500;

function pieces(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / idsPerQuery) }, (_, at) =>
    ids.slice(at * idsPerQuery, (at + 1) * idsPerQuery),
  );
}
