// Reads the rows of a list. PostgreSQL plans a large one for a disk that is slow and for other processors: it sorts rows in
// files, and waits until other processes have begun. In memory, and alone, the same rows take a sixth of the time. SQLite keeps
// each page that it reads. For a large list it keeps few: the first one takes half the time.
import { type QueryResult, type RawBuilder, sql } from 'kysely';
import type { Database } from '../database.ts';

/** Rows that are sorted within the usual 4 MB of memory. */
const mostUsual = 2000;

/** Runs the statement of a list with so many rows at most. Undefined: with all there are. */
export async function readRows<Row>(
  { tables, engine, readOnce }: Pick<Database, 'tables' | 'engine' | 'readOnce'>,
  statement: RawBuilder<Row>,
  limit: number | undefined,
): Promise<QueryResult<Row>> {
  if (limit !== undefined && limit <= mostUsual) return statement.execute(tables);
  if (engine === 'sqlite') return readOnce(() => statement.execute(tables));
  return tables.transaction().execute(async (transaction) => {
    // For this transaction alone.
    await sql`set local work_mem = '64MB'`.execute(transaction);
    await sql`set local max_parallel_workers_per_gather = 0`.execute(transaction);
    return statement.execute(transaction);
  });
}
