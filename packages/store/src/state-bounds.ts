// How many states of updates the store holds, counted and taken away along their primary key, computer by computer.
import { sql } from 'kysely';
import type { StoreBounds } from './bounds.ts';
import type { CountedStates, StateBounds } from './contract/index.ts';
import type { Database } from './database.ts';
import { retried } from './transact.ts';

export function stateBoundsStore(
  { tables }: Database,
  bounds: StoreBounds,
): Omit<StateBounds, 'recountFigures' | 'addUpFigures'> {
  return {
    async countStatesByComputer(after: string, computers: number): Promise<CountedStates[]> {
      const { rows } = await sql<{ computer_id: string; states: number; known: number }>`
        select computer_id, count(*) as states,
          case when exists (select 1 from computers where computers.computer_id = status.computer_id)
            then 1 else 0 end as known
        from computer_update_status status
        where computer_id > ${after} group by computer_id order by computer_id limit ${computers}`.execute(tables);
      return rows.map(({ computer_id, states, known }) => ({
        ...{ computerId: computer_id, states: Number(states), isKnown: known === 1 },
      }));
    },

    async trimStatesOf(computerId: string, kept: number): Promise<number> {
      const beyond = tables
        .selectFrom('computer_update_status')
        .select('update_id')
        .where('computer_id', '=', computerId)
        .orderBy('update_id')
        .limit(1)
        .offset(kept);
      const deletion = tables
        .deleteFrom('computer_update_status')
        .where('computer_id', '=', computerId)
        .where('update_id', '>=', beyond);
      const { numDeletedRows } = await retried(() => deletion.executeTakeFirstOrThrow());
      return Number(numDeletedRows);
    },

    limitStatesPerComputer(most: number): void {
      bounds.statesPerComputer = most;
    },
  };
}
