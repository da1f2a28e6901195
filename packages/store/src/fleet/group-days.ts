// How far each group was on each day. A day has a row only if its figures differ from those of the row before: 1,000 groups that
// hardly change are few rows. A reader carries the last row on.
import { sql } from 'kysely';
import { allComputers } from '../built-in-groups.ts';
import type { FleetFigures, GroupCompliance, GroupDay, GroupDays } from '../contract/index.ts';
import type { Database } from '../database.ts';
import { dayOf } from '../figures.ts';
import { transact } from '../transact.ts';

export function groupDayStore(
  database: Database,
  { countCompliance }: Pick<FleetFigures, 'countCompliance'>,
): GroupDays {
  const { tables } = database;
  return {
    async noteGroupDay({ now, silentSince, keptDays }) {
      const day = dayOf(now);
      const counted = await countCompliance({ silentSince });
      return transact(database, async (transaction) => {
        const { rows } = await sql<DayRow>`
          select one.* from group_days as one join (
            select group_id, max(day) as day from group_days group by group_id) as newest
          on newest.group_id = one.group_id and newest.day = one.day`.execute(transaction);
        // The clock went back. Rows of later days stay.
        if (rows.some((row) => Number(row.day) > day)) return 0;
        const known = new Map(rows.map((row) => [row.group_id, toDay(row)]));
        const here = new Set(counted.map(({ groupId }) => groupId));
        const gone = [...known.values()].filter(({ groupId, computers }) => !here.has(groupId) && computers > 0);
        const changed = [...counted, ...gone.map(({ groupId }) => empty(groupId))].filter(
          (one) => !isSame(one, known.get(one.groupId)),
        );
        for (let start = 0; start < changed.length; start += rowsPerStatement) {
          const values = changed.slice(start, start + rowsPerStatement).map((one) => ({ ...toRow(one), day }));
          await transaction
            .insertInto('group_days')
            .values(values)
            .onConflict((conflict) =>
              conflict.columns(['group_id', 'day']).doUpdateSet(({ ref }) => ({
                computers: ref('excluded.computers'),
                up_to_date: ref('excluded.up_to_date'),
                needing: ref('excluded.needing'),
                failing: ref('excluded.failing'),
                never_reported: ref('excluded.never_reported'),
                silent: ref('excluded.silent'),
              })),
            )
            .execute();
        }
        // The newest row before the kept days says how the first of them began.
        const first = day - keptDays;
        await sql`delete from group_days where day < ${first} and exists (
          select 1 from group_days as later where later.group_id = group_days.group_id
            and later.day > group_days.day and later.day <= ${first})`.execute(transaction);
        return changed.length;
      });
    },

    async loadGroupDays({ from, to, groupIds = [allComputers] }) {
      const [first, last] = [dayOf(from), dayOf(to)];
      const found: GroupDay[] = [];
      for (const groupId of groupIds) {
        const { rows } = await sql<DayRow>`
          select * from group_days where group_id = ${groupId} and day <= ${last} and day >= coalesce((
            select max(day) from group_days where group_id = ${groupId} and day <= ${first}), ${first})
          order by day`.execute(tables);
        found.push(...carriedOn(rows.map(toDay), first, last));
      }
      return found;
    },
  };
}

const rowsPerStatement = 100;

interface DayRow {
  group_id: string;
  day: number;
  computers: number;
  up_to_date: number;
  needing: number;
  failing: number;
  never_reported: number;
  silent: number;
}

function toDay(row: DayRow): GroupDay {
  return {
    ...{ groupId: row.group_id, day: Number(row.day), computers: Number(row.computers) },
    ...{ upToDate: Number(row.up_to_date), needing: Number(row.needing), failing: Number(row.failing) },
    ...{ neverReported: Number(row.never_reported), silent: Number(row.silent) },
  };
}

function toRow(one: GroupCompliance): Omit<DayRow, 'day'> {
  return {
    ...{ group_id: one.groupId, computers: one.computers, up_to_date: one.upToDate, needing: one.needing },
    ...{ failing: one.failing, never_reported: one.neverReported, silent: one.silent },
  };
}

function empty(groupId: string): GroupCompliance {
  return { groupId, computers: 0, upToDate: 0, needing: 0, failing: 0, neverReported: 0, silent: 0 };
}

function isSame(one: GroupCompliance, other: GroupDay | undefined): boolean {
  if (!other) return false;
  const names = ['computers', 'upToDate', 'needing', 'failing', 'neverReported', 'silent'] as const;
  return names.every((name) => one[name] === other[name]);
}

/** A day for each from the first row on. `rows`: of one group, by day. */
function carriedOn(rows: readonly GroupDay[], first: number, last: number): GroupDay[] {
  const days: GroupDay[] = [];
  let at = 0;
  let known: GroupDay | undefined;
  for (let day = Math.max(first, rows[0]?.day ?? last + 1); day <= last; day++) {
    for (let next = rows[at]; next && next.day <= day; next = rows[++at]) known = next;
    if (known) days.push({ ...known, day });
  }
  return days;
}
