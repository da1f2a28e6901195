// Whether a computer is in one of some groups, for statements.
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { allComputers, unassignedComputers } from '../built-in-groups.ts';

/**
 * Whether the computer with this id is directly in one of these groups. As a subquery of few parts, so that the database
 * may begin with the groups, and reads no computer beside.
 */
export function isWithin(computerId: RawBuilder<unknown>, groupIds: readonly string[]): RawBuilder<SqlBool> {
  if (groupIds.includes(allComputers)) return sql`1 = 1`;
  if (groupIds.length === 0) return sql`1 = 0`;
  const inOne = sql<SqlBool>`${computerId} in (
    select member.computer_id from computer_groups as member where member.group_id in (${sql.join(groupIds)}))`;
  if (!groupIds.includes(unassignedComputers)) return inOne;
  return sql`(${inOne} or (exists (select 1 from computers as known where known.computer_id = ${computerId})
    and not exists (select 1 from computer_groups as member where member.computer_id = ${computerId})))`;
}
