// The administrator's decisions: one per update and group.
import type { Selectable } from 'kysely';
import { type Author, recordAudit } from './audit.ts';
import type { Changes } from './changes.ts';
import { markChange } from './configuration.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';

export const deploymentActions = ['Install', 'OptionalInstall', 'Uninstall', 'PreDeploymentCheck', 'Block'] as const;
export type DeploymentAction = (typeof deploymentActions)[number];

export interface StoredDeployment {
  deploymentId: number;
  updateId: string;
  groupId: string;
  action: DeploymentAction;
  deadline: Date | undefined;
  /** Grows with every change of this deployment. */
  changedAt: number;
  /** Who decided. */
  administrator: string;
}

export interface DeploymentDecision {
  updateId: string;
  groupId: string;
  action: DeploymentAction;
  deadline: Date | undefined;
  administrator: string;
}

export function deploymentStore({ tables }: Database, changes: Changes) {
  return {
    /** Sets what happens to an update in a group, in place of what was decided before. */
    async deploy({ updateId, groupId, action, deadline, administrator }: DeploymentDecision, now: Date): Promise<void> {
      await tables.transaction().execute(async (transaction) => {
        const before = await transaction
          .selectFrom('deployments')
          .select(['action', 'deadline', 'changed_at'])
          .where('update_id', '=', updateId)
          .where('group_id', '=', groupId)
          .executeTakeFirst();
        // Two decisions within a millisecond must still differ: clients are told by this number that something changed.
        const changedAt = Math.max(now.getTime(), (before?.changed_at ?? 0) + 1);
        const decided = { action, deadline: deadline?.getTime() ?? null, changed_at: changedAt, administrator };
        await transaction
          .insertInto('deployments')
          .values({ ...decided, update_id: updateId, group_id: groupId, created_at: now.getTime() })
          .onConflict((conflict) => conflict.columns(['update_id', 'group_id']).doUpdateSet(decided))
          .execute();
        await recordAudit(
          transaction,
          { name: administrator, at: now },
          {
            action: 'approve update',
            subject: updateId,
            before: before && { groupId, action: before.action, deadline: dateText(before.deadline) },
            after: { groupId, action, deadline: dateText(decided.deadline) },
          },
        );
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    /** A declined update is offered to nobody, whatever else was decided; taking it back leaves those decisions as they were. */
    async setDeclined(updateId: string, isDeclined: boolean, author: Author): Promise<void> {
      await tables.transaction().execute(async (transaction) => {
        const before = await transaction
          .selectFrom('updates')
          .select('is_declined')
          .where('update_id', '=', updateId)
          .executeTakeFirst();
        await transaction
          .updateTable('updates')
          .set({ is_declined: isDeclined ? 1 : 0, changed_at: author.at.getTime() })
          .where('update_id', '=', updateId)
          .execute();
        await recordAudit(transaction, author, {
          action: isDeclined ? 'decline update' : 'undecline update',
          subject: updateId,
          before: { isDeclined: before?.is_declined === 1 },
          after: { isDeclined },
        });
        await markChange(transaction, 'deployments');
      });
      changes.announce('deployments');
    },

    /** The decisions on one update. */
    async listDeploymentsOf(updateId: string): Promise<StoredDeployment[]> {
      const rows = await tables
        .selectFrom('deployments')
        .selectAll()
        .where('update_id', '=', updateId)
        .orderBy('deployment_id')
        .execute();
      return rows.map(toDeployment);
    },

    async loadDeployments(): Promise<StoredDeployment[]> {
      const rows = await tables.selectFrom('deployments').selectAll().orderBy('deployment_id').execute();
      return rows.map(toDeployment);
    },
  };
}

function toDeployment(row: Selectable<Tables['deployments']>): StoredDeployment {
  return {
    deploymentId: row.deployment_id,
    updateId: row.update_id,
    groupId: row.group_id,
    action: row.action as DeploymentAction,
    deadline: row.deadline === null ? undefined : new Date(row.deadline),
    changedAt: row.changed_at,
    administrator: row.administrator,
  };
}

function dateText(milliseconds: number | null): string | undefined {
  return milliseconds === null ? undefined : new Date(milliseconds).toISOString();
}
