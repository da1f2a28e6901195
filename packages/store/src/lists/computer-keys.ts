// Keeps the keys that lists of computers are sorted by. Triggers of the database note which computers changed (migration
// 0026). This file computes their keys, before a list is read and beside the service.
import { type Kysely, sql } from 'kysely';
import type { Database, Engine } from '../database.ts';
import type { Tables } from '../schema.ts';
import { lockComputers, transact } from '../transact.ts';
import { addressKey, agentKey, nameKey, numberedKey } from './sort-keys.ts';

/** Computers of one transaction, which takes about 20 ms. */
const perTransaction = 500;

type InTransaction = (work: (transaction: Kysely<Tables>) => Promise<number>) => Promise<number>;

/** Computes the keys of all computers that changed. Answers how many changes there were. */
export async function sortComputers(
  database: Database,
  inTransaction: InTransaction = (work) => transact(database, work),
): Promise<number> {
  const { tables, engine } = database;
  for (let done = 0; ; ) {
    const { rows } = await sql`select 1 from computer_sort_changes limit 1`.execute(tables);
    if (rows.length === 0) return done;
    const some = await inTransaction((transaction) => sortSome(transaction, engine));
    done += some;
    // Another process has the others.
    if (some < perTransaction) return done;
  }
}

/** As addUpBeforeList: if nothing can be written now, the list has the order of before for computers that changed. */
export async function sortBeforeList(database: Database): Promise<void> {
  await sortComputers(database, (work) => database.writeIfFree(work)).catch(() => undefined);
}

async function sortSome(transaction: Kysely<Tables>, engine: Engine): Promise<number> {
  const { rows } = await sql<{ computer_id: string }>`
    delete from computer_sort_changes where change_id in (
      select change_id from computer_sort_changes order by change_id limit ${sql.lit(perTransaction)}
      ${engine === 'postgres' ? sql`for update skip locked` : sql``}) returning computer_id`.execute(transaction);
  const ids = [...new Set(rows.map(({ computer_id }) => computer_id))];
  // Another process may compute keys of the same computer. Behind this lock, each reads the newest facts.
  await lockComputers(transaction, engine, ids);
  await writeKeys(transaction, await readSortFacts(transaction, { ids }));
  return rows.length;
}

interface SortFacts {
  computer_id: string;
  dns_name: string;
  address: string;
  agent_generation: string | null;
  agent_version: string | null;
  system: string | null;
}

/** Of these computers, or of the next ones behind `after`. */
export async function readSortFacts(
  transaction: Kysely<Tables>,
  wanted: { ids: readonly string[] } | { after: string; limit: number },
): Promise<SortFacts[]> {
  if ('ids' in wanted && wanted.ids.length === 0) return [];
  const which =
    'ids' in wanted
      ? sql`computer_id in (${sql.join(wanted.ids)})`
      : sql`computer_id > ${wanted.after} order by computer_id limit ${sql.lit(wanted.limit)}`;
  const { rows } = await sql<SortFacts>`
    select computer_id, substr(dns_name, 1, 1000) as dns_name, substr(address, 1, 1000) as address, agent_generation,
      substr(agent_version, 1, 1000) as agent_version,
      substr(coalesce(os_name, os_description, os_version), 1, 1000) as system
    from computers where ${which}`.execute(transaction);
  return rows;
}

const rowsPerStatement = 100;

export async function writeKeys(transaction: Kysely<Tables>, facts: readonly SortFacts[]): Promise<void> {
  for (let start = 0; start < facts.length; start += rowsPerStatement) {
    const rows = facts.slice(start, start + rowsPerStatement).map(
      (one) => sql`(${one.computer_id}, ${nameKey(one.dns_name)}, ${addressKey(one.address)},
          ${agentKey(one.agent_generation, one.agent_version)}, ${numberedKey(one.system ?? '')})`,
    );
    await sql`update computers set name_sort = found.column2, address_sort = found.column3, agent_sort = found.column4,
        system_sort = found.column5
      from (values ${sql.join(rows)}) as found where computers.computer_id = found.column1`.execute(transaction);
  }
}
