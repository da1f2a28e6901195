// Computers whose identity changes. MS-WUSP has no secret: a program that knows a SusClientId can be that computer. So the
// store marks a computer that comes under another name, on other hardware or with an older system. It also marks two
// computers that take turns: copies of one disk, or somebody who pretends to be another.
import { cutText } from '@moult/formats/text';
import { type Kysely, sql } from 'kysely';
import type { IdentityAspect, IdentityChange, IdentityChanges, ListedIdentityChange } from './contract/index.ts';
import type { Database } from './database.ts';
import { keptBounds, textBytes } from './declared-bounds.ts';
import type { Tables } from './schema.ts';

export function identityChangeStore({ tables }: Database): IdentityChanges {
  return {
    async listIdentityChanges(filter: {
      computerId?: string | undefined;
      limit: number;
    }): Promise<ListedIdentityChange[]> {
      let query = tables
        .selectFrom('identity_changes as change')
        .innerJoin('computers', 'computers.computer_id', 'change.computer_id')
        .selectAll('change')
        .select('computers.dns_name');
      if (filter.computerId !== undefined) query = query.where('change.computer_id', '=', filter.computerId);
      const rows = await query
        .orderBy('change.changed_at', 'desc')
        .orderBy('change.computer_id')
        .orderBy('change.number', 'desc')
        .limit(filter.limit)
        .execute();
      return rows.map((row) => ({
        computerId: row.computer_id,
        dnsName: row.dns_name,
        at: new Date(row.changed_at),
        aspect: row.aspect as IdentityAspect,
        before: row.before,
        after: row.after,
      }));
    },

    async countIdentityChanges(since: Date): Promise<{ shared: number; changed: number }> {
      const { rows } = await sql<{ shared: number; changed: number }>`
        select (select count(*) from computers where shared_at >= ${since.getTime()}) as shared,
               (select count(*) from computers where identity_changed_at >= ${since.getTime()}) as changed`.execute(
        tables,
      );
      return { shared: Number(rows[0]?.shared ?? 0), changed: Number(rows[0]?.changed ?? 0) };
    },
  };
}

/**
 * Marks a computer, within the transaction that changes it. `isShared`: the one before and the one now are there at the
 * same time. One that was there before and is there again counts as shared in any case.
 */
export async function noteIdentityChange(
  transaction: Kysely<Tables>,
  computerId: string,
  change: IdentityChange,
  { isShared }: { isShared: boolean },
): Promise<void> {
  const at = change.at.getTime();
  const [before, after] = [cutText(change.before, textBytes.name), cutText(change.after, textBytes.name)];
  const shared = isShared || (await wasThere(transaction, computerId, change.aspect, after));
  const { identity_changes: number } = await transaction
    .updateTable('computers')
    .set({
      identity_changes: sql`identity_changes + 1`,
      identity_changed_at: at,
      ...(shared && { shared_at: at }),
    })
    .where('computer_id', '=', computerId)
    .returning('identity_changes')
    .executeTakeFirstOrThrow();
  const row = { computer_id: computerId, number, changed_at: at, aspect: change.aspect, before, after };
  await transaction.insertInto('identity_changes').values(row).execute();
  await transaction
    .deleteFrom('identity_changes')
    .where('computer_id', '=', computerId)
    .where('number', '<=', number - keptBounds.changesPerComputer)
    .execute();
}

async function wasThere(
  transaction: Kysely<Tables>,
  computerId: string,
  aspect: IdentityAspect,
  now: string,
): Promise<boolean> {
  const row = await transaction
    .selectFrom('identity_changes')
    .select('number')
    .where('computer_id', '=', computerId)
    .where('aspect', '=', aspect)
    .where((where) => where.or([where('before', '=', now), where('after', '=', now)]))
    .executeTakeFirst();
  return row !== undefined;
}
