// Decisions on many updates at once: what one decision writes, with a few statements for all of them.
import { type Kysely, sql } from 'kysely';
import { recordAudits } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, DeploymentDecision, DeploymentStore } from './contract/index.ts';
import type { Database } from './database.ts';
import { dateText } from './deployments.ts';
import { ServerError } from './errors.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

type BulkDecisions = Pick<DeploymentStore, 'deployAll' | 'setDeclinedAll'>;
type Decision = Omit<DeploymentDecision, 'administrator'>;

export function bulkDecisions(database: Database, changes: Changes): BulkDecisions {
  const { engine } = database;
  return {
    async deployAll(decisions: readonly Decision[], author: Author, { keepsDeclines = false } = {}): Promise<void> {
      const last = new Map(decisions.map((one) => [keyOf(one.updateId, one.groupId), one]));
      if (last.size === 0) return;
      await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        const all = [...last.values()];
        if (keepsDeclines) await refuseDeclined(transaction, all);
        for (let start = 0; start < all.length; start += perStatement) {
          await decideSome(transaction, all.slice(start, start + perStatement), { author, stamp });
        }
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    async setDeclinedAll(updateIds: readonly string[], isDeclined: boolean, author: Author): Promise<void> {
      if (updateIds.length === 0) return;
      await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        await declineSome(transaction, [...new Set(updateIds)], isDeclined, { author, stamp });
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },
  };
}

async function refuseDeclined(transaction: Kysely<Tables>, decisions: readonly Decision[]): Promise<void> {
  const ids = [...new Set(decisions.filter(({ action }) => action !== 'Inherit').map(({ updateId }) => updateId))];
  for (let start = 0; start < ids.length; start += perStatement) {
    const { rows } = await sql<{ title: string }>`
      select title from updates join update_titles on update_titles.update_id = updates.update_id
      where is_declined = 1 and updates.update_id in (${sql.join(ids.slice(start, start + perStatement))})
      limit 1`.execute(transaction);
    if (rows[0])
      throw new ServerError(
        'SERVER_REFUSED',
        `"${rows[0].title}" is declined for the whole server. An administrator of the whole server ends that first.`,
      );
  }
}

interface Circumstances {
  author: Author;
  stamp: number;
  /** The origin of all of them. Undefined: a person. */
  by?: string | undefined;
}

/** Seven parameters a row: below what either engine takes. */
export const perStatement = 200;

/** Up to `perStatement` decisions inside a transaction that has its stamp. The caller marks the change. */
export async function decideSome(
  transaction: Kysely<Tables>,
  decisions: readonly Decision[],
  { author, stamp, by }: Circumstances,
): Promise<void> {
  const updateIds = [...new Set(decisions.map(({ updateId }) => updateId))];
  const rows = await transaction
    .selectFrom('deployments')
    .select(['update_id', 'group_id', 'action', 'deadline', 'changed_at'])
    .where('update_id', 'in', updateIds)
    .execute();
  const before = new Map(rows.map((row) => [keyOf(row.update_id, row.group_id), row]));
  const wanted = decisions.map(({ updateId, groupId, action, deadline }) => ({
    ...{ update_id: updateId, group_id: groupId, action, deadline: deadline?.getTime() ?? null },
    // Above the one before in any case: clients are told by this number that something changed. It also ends what a rule or
    // ring noted as the origin of the decision before.
    changed_at: Math.max(stamp, Number(before.get(keyOf(updateId, groupId))?.changed_at ?? 0) + 1),
    ...{ administrator: author.name, created_at: stamp },
  }));
  await transaction
    .insertInto('deployments')
    .values(wanted)
    .onConflict((conflict) =>
      conflict.columns(['update_id', 'group_id']).doUpdateSet((row) => ({
        ...{ action: row.ref('excluded.action'), deadline: row.ref('excluded.deadline') },
        ...{ changed_at: row.ref('excluded.changed_at'), administrator: row.ref('excluded.administrator') },
      })),
    )
    .execute();
  if (by !== undefined) await noteOrigins(transaction, wanted, by);
  await recordAudits(
    transaction,
    author,
    wanted.map(({ update_id, group_id, action, deadline }) => {
      const was = before.get(keyOf(update_id, group_id));
      return {
        action: action === 'Inherit' ? 'remove approval' : 'approve update',
        subject: update_id,
        before: was && { groupId: group_id, action: was.action, deadline: dateText(was.deadline) },
        after: { groupId: group_id, action, deadline: dateText(deadline) },
      };
    }),
  );
  const approved = new Set(decisions.filter(({ action }) => action !== 'Inherit').map(({ updateId }) => updateId));
  if (approved.size === 0) return;
  const { rows: declined } = await sql<{ update_id: string }>`select update_id from updates
    where is_declined = 1 and update_id in (${sql.join([...approved])})`.execute(transaction);
  const ids = declined.map(({ update_id }) => update_id);
  await declineSome(transaction, ids, false, { author, stamp, by });
}

/** Each counts for the decision with its stamp: what was noted before counts no more. */
async function noteOrigins(
  transaction: Kysely<Tables>,
  written: readonly { update_id: string; group_id: string; changed_at: number }[],
  origin: string,
): Promise<void> {
  await transaction
    .insertInto('deployment_origins')
    .values(written.map(({ update_id, group_id, changed_at }) => ({ update_id, group_id, changed_at, origin })))
    .onConflict((conflict) =>
      conflict.columns(['update_id', 'group_id']).doUpdateSet((row) => ({
        ...{ origin: row.ref('excluded.origin'), changed_at: row.ref('excluded.changed_at') },
      })),
    )
    .execute();
}

/** As writeDeclined, of several updates. */
export async function declineSome(
  transaction: Kysely<Tables>,
  updateIds: readonly string[],
  isDeclined: boolean,
  { author, stamp, by = 'person' }: Circumstances,
): Promise<void> {
  for (let start = 0; start < updateIds.length; start += perStatement) {
    const some = updateIds.slice(start, start + perStatement);
    const known = await transaction
      .selectFrom('updates')
      .select(['update_id', 'is_declined'])
      .where('update_id', 'in', some)
      .execute();
    const before = new Map(known.map(({ update_id, is_declined }) => [update_id, Number(is_declined) === 1]));
    await transaction
      .updateTable('updates')
      .set({ is_declined: isDeclined ? 1 : 0, changed_at: stamp })
      .where('update_id', 'in', some)
      .execute();
    await transaction.deleteFrom('decline_origins').where('update_id', 'in', some).execute();
    const origins = some.map((update_id) => ({ update_id, origin: by, changed_at: stamp, evidence: null }));
    await transaction.insertInto('decline_origins').values(origins).execute();
    const action = isDeclined ? 'decline update' : 'undecline update';
    await recordAudits(
      transaction,
      author,
      some.map((subject) => ({
        ...{ action, subject },
        before: { isDeclined: before.get(subject) ?? false },
        after: { isDeclined },
      })),
    );
  }
}

function keyOf(updateId: string, groupId: string): string {
  return `${updateId} ${groupId}`;
}
