// The administrator's decisions: one for each update and group.
import type { DeploymentAction, InheritedDeployment, StoredDeployment } from '@moult/catalog';
import type { Kysely, Selectable } from 'kysely';
import { recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Author, DeploymentDecision, DeploymentStore } from './contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';

export function deploymentStore(
  database: Database,
  changes: Changes,
): Omit<DeploymentStore, 'deployAll' | 'setDeclinedAll'> {
  const { tables, engine } = database;
  return {
    async deploy(decision: DeploymentDecision, now: Date): Promise<void> {
      await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, now.getTime());
        const author = { name: decision.administrator, at: now };
        await writeDecision(transaction, decision, { author, stamp, by: decision.by });
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    async setDeclined(updateId: string, isDeclined: boolean, author: Author): Promise<void> {
      await transact(database, async (transaction) => {
        const stamp = await takeStamp(transaction, engine, author.at.getTime());
        await writeDeclined(transaction, updateId, isDeclined, { author, stamp, by: 'person' });
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    async listDeploymentsOf(updates: string | readonly string[]): Promise<StoredDeployment[]> {
      const updateIds = [updates].flat();
      if (updateIds.length === 0) return [];
      return (await rowsOf(updateIds)).map(toDeployment).filter(isDecision);
    },

    async loadDeployments(): Promise<StoredDeployment[]> {
      return (await rowsOf()).map(toDeployment).filter(isDecision);
    },

    async loadDeploymentHistory(): Promise<(StoredDeployment | InheritedDeployment)[]> {
      return (await rowsOf()).map(toDeployment);
    },
  };

  function rowsOf(updateIds?: readonly string[]) {
    const rows = tables
      .selectFrom('deployments')
      .leftJoin('deployment_origins as origins', (join) =>
        join
          .onRef('origins.update_id', '=', 'deployments.update_id')
          .onRef('origins.group_id', '=', 'deployments.group_id')
          .onRef('origins.changed_at', '=', 'deployments.changed_at'),
      )
      .selectAll('deployments')
      .select('origins.origin')
      .orderBy('deployment_id');
    return (updateIds === undefined ? rows : rows.where('deployments.update_id', 'in', updateIds)).execute();
  }
}

function isDecision(deployment: StoredDeployment | InheritedDeployment): deployment is StoredDeployment {
  return deployment.action !== 'Inherit';
}

async function isDeclinedIn(transaction: Kysely<Tables>, updateId: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('updates')
    .select('is_declined')
    .where('update_id', '=', updateId)
    .executeTakeFirst();
  return row?.is_declined === 1;
}

/** Writes one decision, on record, inside a transaction that has its stamp. The caller marks the change. */
export async function writeDecision(
  transaction: Kysely<Tables>,
  { updateId, groupId, action, deadline, administrator }: DeploymentDecision,
  { author, stamp, by }: Circumstances,
): Promise<void> {
  const before = await transaction
    .selectFrom('deployments')
    .select(['action', 'deadline', 'changed_at'])
    .where('update_id', '=', updateId)
    .where('group_id', '=', groupId)
    .executeTakeFirst();
  // Above the one before in any case: clients are told by this number that something changed.
  const changedAt = Math.max(stamp, (before?.changed_at ?? 0) + 1);
  const decided = { action, deadline: deadline?.getTime() ?? null, changed_at: changedAt, administrator };
  await transaction
    .insertInto('deployments')
    .values({ ...decided, update_id: updateId, group_id: groupId, created_at: stamp })
    .onConflict((conflict) => conflict.columns(['update_id', 'group_id']).doUpdateSet(decided))
    .execute();
  await noteOrigin(transaction, { updateId, groupId, changedAt, by });
  await recordAudit(transaction, author, {
    action: action === 'Inherit' ? 'remove approval' : 'approve update',
    subject: updateId,
    before: before && { groupId, action: before.action, deadline: dateText(before.deadline) },
    after: { groupId, action, deadline: dateText(decided.deadline), by },
  });
  const isTakenBack = action === 'Inherit';
  if (!isTakenBack && (await isDeclinedIn(transaction, updateId)))
    await writeDeclined(transaction, updateId, false, { author, stamp, by: by ?? 'person' });
}

interface Circumstances {
  author: Author;
  stamp: number;
  /** `rule:ID` or `ring:ID`. Undefined for a person, or for a version that does not say it. */
  by?: string | undefined;
}

/** The origin counts for the decision with this stamp. */
async function noteOrigin(
  transaction: Kysely<Tables>,
  {
    updateId,
    groupId,
    changedAt,
    by,
  }: { updateId: string; groupId: string; changedAt: number; by: string | undefined },
): Promise<void> {
  await transaction
    .deleteFrom('deployment_origins')
    .where('update_id', '=', updateId)
    .where('group_id', '=', groupId)
    .execute();
  if (by === undefined) return;
  await transaction
    .insertInto('deployment_origins')
    .values({ update_id: updateId, group_id: groupId, origin: by, changed_at: changedAt })
    .execute();
}

/** Inside a transaction that has its stamp. The caller marks the change. `evidence`: why a rule may decline it. */
export async function writeDeclined(
  transaction: Kysely<Tables>,
  updateId: string,
  isDeclined: boolean,
  { author, stamp, by, evidence }: Circumstances & { evidence?: readonly string[] | undefined },
): Promise<void> {
  const before = { isDeclined: await isDeclinedIn(transaction, updateId) };
  await transaction
    .updateTable('updates')
    .set({ is_declined: isDeclined ? 1 : 0, changed_at: stamp })
    .where('update_id', '=', updateId)
    .execute();
  await transaction.deleteFrom('decline_origins').where('update_id', '=', updateId).execute();
  if (by !== undefined)
    await transaction
      .insertInto('decline_origins')
      .values({
        update_id: updateId,
        origin: by,
        changed_at: stamp,
        evidence: evidence ? JSON.stringify(evidence) : null,
      })
      .execute();
  const action = isDeclined ? 'decline update' : 'undecline update';
  const rule = by?.startsWith('rule:') ? { by } : {};
  await recordAudit(transaction, author, { action, subject: updateId, before, after: { isDeclined, ...rule } });
}

/** Withdraws one decision, on record. The caller marks the change. */
export async function takeBack(
  transaction: Kysely<Tables>,
  { update_id, group_id, action, deadline, changed_at }: Selectable<Tables['deployments']>,
  { author, stamp, by }: Circumstances,
): Promise<void> {
  const decided = { action: 'Inherit' as const, deadline: null, administrator: author.name };
  const changedAt = Math.max(stamp, changed_at + 1);
  await noteOrigin(transaction, { updateId: update_id, groupId: group_id, changedAt, by });
  await transaction
    .updateTable('deployments')
    .set({ ...decided, changed_at: changedAt })
    .where('update_id', '=', update_id)
    .where('group_id', '=', group_id)
    .execute();
  await recordAudit(transaction, author, {
    action: 'remove approval',
    subject: update_id,
    before: { groupId: group_id, action, deadline: dateText(deadline) },
    after: { groupId: group_id, action: decided.action },
  });
}

/** A row with its origin, where it has one. */
export function toDeployment(
  row: Selectable<Tables['deployments']> & { origin: string | null },
): StoredDeployment | InheritedDeployment {
  return {
    deploymentId: row.deployment_id,
    updateId: row.update_id,
    groupId: row.group_id,
    action: row.action as DeploymentAction & 'Inherit',
    deadline: row.deadline === null ? undefined : new Date(row.deadline),
    changedAt: row.changed_at,
    administrator: row.administrator,
    ...(row.origin !== null && { by: row.origin }),
  };
}

export function dateText(milliseconds: number | null): string | undefined {
  return milliseconds === null ? undefined : new Date(milliseconds).toISOString();
}
