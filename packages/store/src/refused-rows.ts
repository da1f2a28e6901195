// Rows that the database refuses for their contents. It refuses them again, so they must not hold up other rows.
import type { RefusedRow } from './contract/index.ts';
import { isFromPostgres } from './from-postgres.ts';

/**
 * Writes all rows together. When the database refuses one of them, each half is written by itself, and so on: in the
 * end all are written but the refused, which are answered. Throws every other error. The rows before it stay.
 */
export async function writeAllButRefused<Row>(
  rows: readonly Row[],
  write: (rows: readonly Row[]) => Promise<void>,
): Promise<RefusedRow<Row>[]> {
  try {
    await write(rows);
    return [];
  } catch (error) {
    if (!isRefusedRow(error)) throw error;
    const [only] = rows;
    if (rows.length <= 1) return only === undefined ? [] : [{ row: only, error }];
    const middle = rows.length >> 1;
    const first = await writeAllButRefused(rows.slice(0, middle), write);
    return [...first, ...(await writeAllButRefused(rows.slice(middle), write))];
  }
}

/** PostgreSQL's classes: what a value is, what a row must keep to, and what is too much for an index. */
const refusedClasses = /^(22|23|54)/;
/** SQLite's: a value too large, a broken constraint, a value of the wrong type, one that is not taken at all. */
const refusedBySqlite: ReadonlySet<number> = new Set([18, 19, 20, 25]);
/** Node's, before SQLite sees the value: an integer beyond 64 bits, or a thing that is not a value. */
const refusedByNode: ReadonlySet<string> = new Set([
  'ERR_INVALID_ARG_TYPE',
  'ERR_INVALID_ARG_VALUE',
  'ERR_OUT_OF_RANGE',
]);

/** True if the same row is refused at every try. */
export function isRefusedRow(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (isFromPostgres(error)) return refusedClasses.test(String(code));
  if (typeof errcode === 'number') return refusedBySqlite.has(errcode & 0xff);
  return typeof code === 'string' && refusedByNode.has(code);
}
