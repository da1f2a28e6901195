// How many states of updates the store holds, counted and taken away along their primary key, computer by computer.
import { sql } from 'kysely';
import type { StoreBounds } from './bounds.ts';
import type { Database } from './database.ts';
import { retried } from './transact.ts';

export interface CountedStates {
  computerId: string;
  states: number;
  /** False when the computer was removed, and reported all the same. */
  isKnown: boolean;
}

export function stateBoundsStore({ tables }: Database, bounds: StoreBounds) {
  return {
    /** How many states each of the next computers with any has, in the order of their ids. */
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

    /** Removes what one computer has beyond `kept` states; answers how many went. */
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

    /** From now on this process keeps no more states of one computer than this. */
    limitStatesPerComputer(most: number): void {
      bounds.statesPerComputer = most;
    },
  };
}
