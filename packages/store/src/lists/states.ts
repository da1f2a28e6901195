// The state of an update on a computer, as WSUS means it: the computer's last status report says it. If a scan left an
// update out of the report, the update does not apply. The state of a later update, or of one that is not offered, is
// unknown.
import { type Kysely, sql } from 'kysely';
import { unassignedComputers } from '../built-in-groups.ts';
import type { StateCounts, UpdateState } from '../contract/index.ts';
import { loadFigures } from '../figures.ts';
import { isWithin } from '../reach/is-within.ts';
import type { Tables } from '../schema.ts';
import { updateStates } from '../update-status.ts';

/**
 * The number of a state, for a statement with `computers`, `updates as wanted` and, left joined by both, their
 * `computer_update_status as status`. `changed_at` of an update: when it came, or was last declined or no more declined.
 */
export const stateOf = sql<number>`coalesce(status.state, case
  when wanted.is_declined = 0 and computers.scanned_at >= wanted.changed_at then ${sql.lit(updateStates.notApplicable)}
  else ${sql.lit(updateStates.unknown)} end)`;

/** How many computers have an update in each state. Reads only the computers that reported on it, and counts the others. */
export async function countStatesOf(tables: Kysely<Tables>, updateId: string): Promise<StateCounts> {
  const wasScanned = sql`(wanted.is_declined = 0 and computers.scanned_at >= wanted.changed_at)`;
  const { rows } = await sql<CountedState & { scanned: number }>`
    select status.state, count(*) as count, sum(case when ${wasScanned} then 1 else 0 end) as scanned
    from updates as wanted
    join computer_update_status as status on status.update_id = wanted.update_id
    join computers on computers.computer_id = status.computer_id
    where wanted.update_id = ${updateId} group by status.state`.execute(tables);
  const all = await sql<{ scanned: number }>`
    select count(*) as scanned from updates as wanted join computers on ${wasScanned}
    where wanted.update_id = ${updateId}`.execute(tables);
  const counts = toCounts(rows);
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + Number(amount), 0);
  counts.notApplicable = Number(all.rows[0]?.scanned ?? 0) - sum(rows.map(({ scanned }) => scanned));
  const { known } = await loadFigures(tables);
  counts.unknown = known - sum(rows.map(({ count }) => count)) - counts.notApplicable;
  return counts;
}

/** As countStatesOf, of computers that an account reaches. Looks at each of them. */
export async function countStatesWithin(
  tables: Kysely<Tables>,
  updateId: string,
  groupIds: readonly string[],
): Promise<StateCounts> {
  const { rows } = await sql<CountedState>`
    select ${stateOf} as state, count(*) as count from updates as wanted
    join computers on ${isWithin(sql.ref('computers.computer_id'), groupIds)}
    left join computer_update_status as status
      on status.computer_id = computers.computer_id and status.update_id = wanted.update_id
    where wanted.update_id = ${updateId} group by 1`.execute(tables);
  return toCounts(rows);
}

/** How many computers of each direct group reported an update in each state. */
export async function countStatesByGroup(
  tables: Kysely<Tables>,
  updateId: string,
): Promise<{ groupId: string; states: StateCounts }[]> {
  const { rows } = await sql<CountedState & { group_id: string }>`
    select coalesce(computer_groups.group_id, ${unassignedComputers}) as group_id, status.state, count(*) as count
    from computer_update_status as status
    join computers on computers.computer_id = status.computer_id
    left join computer_groups on computer_groups.computer_id = status.computer_id
    where status.update_id = ${updateId} group by 1, 2`.execute(tables);
  return [...Map.groupBy(rows, ({ group_id }) => group_id)].map(([groupId, counted]) => ({
    groupId,
    states: toCounts(counted),
  }));
}

/** How many updates one computer has in each state. Of those only that an administrator decides on. */
export async function countStatesOn(tables: Kysely<Tables>, computerId: string): Promise<StateCounts> {
  const { rows } = await sql<CountedState>`
    select ${stateOf} as state, count(*) as count from update_titles
    join updates as wanted on wanted.update_id = update_titles.update_id
    join computers on computers.computer_id = ${computerId}
    left join computer_update_status as status
      on status.computer_id = computers.computer_id and status.update_id = wanted.update_id
    where update_titles.is_listed = 1 group by 1`.execute(tables);
  return toCounts(rows);
}

interface CountedState {
  state: number;
  count: number;
}

function toCounts(rows: readonly CountedState[]): StateCounts {
  const byNumber = new Map(rows.map(({ state, count }) => [Number(state), Number(count)]));
  const names = Object.entries(updateStates) as [UpdateState, number][];
  return Object.fromEntries(names.map(([name, number]) => [name, byNumber.get(number) ?? 0])) as StateCounts;
}
