// Which computers need which updates: the figures of WSUS's reports.
import { sql } from 'kysely';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { StateCounts, UpdateOnComputer, UpdateState, UpdateStates } from './contract/index.ts';
import type { Database } from './database.ts';
import { loadFigures } from './figures.ts';
import { updateStates } from './update-status.ts';

const nameOfState = new Map<number, UpdateState>(
  Object.entries(updateStates).map(([name, number]) => [number, name as UpdateState]),
);

export function statusStore({ tables }: Database): UpdateStates {
  return {
    async countStates(updateId: string): Promise<StateCounts> {
      const { known: all, reported } = await loadFigures(tables);
      const rows = await tables
        .selectFrom('computer_update_status')
        .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
        .where('update_id', '=', updateId)
        .groupBy('state')
        .execute();
      const counts = emptyCounts();
      for (const { state, count } of rows) counts[nameOfState.get(state) ?? 'unknown'] += Number(count);
      const said = rows.reduce((sum, { count }) => sum + Number(count), 0);
      counts.notApplicable = Math.max(0, reported - said);
      counts.unknown += all - Math.max(reported, said);
      return counts;
    },

    async listStatesOf(computerId: string): Promise<UpdateOnComputer[]> {
      const { rows } = await sql<{ update_id: string; state: number; changed_at: number; title: string | null }>`
        select status.update_id, status.state, status.changed_at,
               (select title from revisions where revisions.update_id = status.update_id
                order by revision_number desc limit 1) as title
        from computer_update_status status where status.computer_id = ${computerId}
        order by status.state, status.update_id`.execute(tables);
      return rows.map((row) => ({
        updateId: row.update_id,
        title: row.title ?? '',
        state: nameOfState.get(row.state) ?? 'unknown',
        changedAt: new Date(Number(row.changed_at)),
      }));
    },

    async loadServerStatus() {
      const counted = await loadFigures(tables);
      const figures = await sql<{
        updates: number;
        declined: number;
        approved: number;
        groups: number;
      }>`
        select (select count(*) from updates) as updates,
               (select count(*) from updates where is_declined = 1) as declined,
               (select count(distinct deployments.update_id) from deployments
                 join updates on updates.update_id = deployments.update_id and updates.is_declined = 0
                 where action in ('Install', 'OptionalInstall', 'Uninstall')) as approved,
               (select count(*) from target_groups where group_id not in (${allComputers}, ${unassignedComputers})) as groups`.execute(
        tables,
      );
      const { updates = 0, declined = 0, approved = 0, groups = 0 } = figures.rows[0] ?? {};
      return {
        computers: {
          total: counted.known,
          neverReported: counted.known - counted.reported,
          needingUpdates: counted.needing,
          withErrors: counted.failing,
        },
        updates: { total: Number(updates), approved: Number(approved), declined: Number(declined) },
        groups: Number(groups),
        events: counted.events,
      };
    },
  };
}

function emptyCounts(): StateCounts {
  return { unknown: 0, notApplicable: 0, notInstalled: 0, downloaded: 0, installed: 0, failed: 0, pendingReboot: 0 };
}
