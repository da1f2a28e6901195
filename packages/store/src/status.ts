// Which computers need which updates: the figures of WSUS's reports.
import { sql } from 'kysely';
import { allComputers, unassignedComputers } from './built-in-groups.ts';
import type { ListStore, StateCounts, UpdateOnComputer, UpdateState, UpdateStates } from './contract/index.ts';
import type { Database } from './database.ts';
import { loadFigures } from './figures.ts';
import { silentSince } from './lists/attention.ts';
import { countStatesByGroup, countStatesOf, countStatesOn } from './lists/states.ts';
import { readUpdateFacts } from './lists/update-facts.ts';
import { countUpdates } from './lists/updates.ts';
import { updateStates } from './update-status.ts';

const nameOfState = new Map<number, UpdateState>(
  Object.entries(updateStates).map(([name, number]) => [number, name as UpdateState]),
);

export function statusStore(database: Database, now: () => Date): UpdateStates & Pick<ListStore, 'countStatesOn'> {
  const { tables } = database;
  return {
    countStates: (updateId: string): Promise<StateCounts> => countStatesOf(tables, updateId),

    countStatesByGroup: (updateId) => countStatesByGroup(tables, updateId),

    async countStatesOn(computerId: string): Promise<StateCounts> {
      await readUpdateFacts(database);
      return countStatesOn(tables, computerId);
    },

    async listStatesOf(computerId: string): Promise<UpdateOnComputer[]> {
      const { rows } = await sql<{ update_id: string; state: number; changed_at: number; title: string | null }>`
        select status.update_id, status.state, status.changed_at, update_titles.title
        from computer_update_status status left join update_titles on update_titles.update_id = status.update_id
        where status.computer_id = ${computerId} order by status.state, status.update_id`.execute(tables);
      return rows.map((row) => ({
        updateId: row.update_id,
        title: row.title ?? '',
        state: nameOfState.get(row.state) ?? 'unknown',
        changedAt: new Date(Number(row.changed_at)),
      }));
    },

    async loadServerStatus() {
      const counted = await loadFigures(tables, silentSince(now()));
      const { deployments: _, ...updates } = await countUpdates(database);
      const { rows } = await sql<{ groups: number }>`select count(*) as groups from target_groups
        where group_id not in (${allComputers}, ${unassignedComputers})`.execute(tables);
      return {
        computers: {
          total: counted.known,
          neverReported: counted.known - counted.reported,
          needingUpdates: counted.needing,
          withErrors: counted.failing,
          silent: counted.silent,
        },
        updates,
        groups: Number(rows[0]?.groups ?? 0),
        events: counted.events,
      };
    },
  };
}
