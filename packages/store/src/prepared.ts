// Statements of the busiest calls, composed once: to compose one costs as much as to run a small one.
import { type Compilable, type CompiledQuery, type Kysely, type QueryResult, type RawBuilder, sql } from 'kysely';
import type { Tables } from './schema.ts';

/** A statement that is run with other values each time, in the order in which it names them. */
export function prepare<Values extends readonly unknown[], Row>(
  values: Values,
  compose: (...values: Values) => Compilable<Row>,
): (executor: Kysely<Tables>, ...values: Values) => Promise<QueryResult<Row>> {
  let compiled: CompiledQuery<Row> | undefined;
  return (executor, ...given) => {
    compiled ??= compose(...values).compile();
    return run(executor, compiled, given);
  };
}

/** An insertion of rows with the columns of `example`; all other values that it has must be in its text. */
export function prepareInsert<Values extends object, Row>(
  example: Values,
  compose: (rows: readonly Values[]) => Compilable<Row>,
): (executor: Kysely<Tables>, rows: readonly Values[]) => Promise<QueryResult<Row>> {
  const columns = Object.keys(example) as (keyof Values)[];
  const byRows = new Map<number, CompiledQuery<Row>>();
  return (executor, rows) => {
    const compiled = byRows.get(rows.length) ?? compose(rows.map(() => example)).compile();
    byRows.set(rows.length, compiled);
    const values: unknown[] = [];
    for (const row of rows) for (const column of columns) values.push(row[column]);
    return run(executor, compiled, values);
  };
}

/** Rows in pieces of few different sizes, in their order: each size is a statement that is composed and kept. */
export function* inPieces<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; ) {
    const size = pieceSizes.find((size) => size <= rows.length - start) ?? 1;
    yield rows.slice(start, start + size);
    start += size;
  }
}

const pieceSizes = [64, 8, 1];

/** For the conflict clause of an insertion: what was to be inserted takes the place of what is there. */
export function excluded<Column extends string>(...columns: readonly Column[]): Record<Column, RawBuilder<never>> {
  const entries = columns.map((column) => [column, sql.ref<never>(`excluded.${column}`)]);
  return Object.fromEntries(entries) as Record<Column, RawBuilder<never>>;
}

function run<Row>(
  executor: Kysely<Tables>,
  compiled: CompiledQuery<Row>,
  values: readonly unknown[],
): Promise<QueryResult<Row>> {
  if (compiled.parameters.length !== values.length) {
    throw new RangeError(`The statement takes ${compiled.parameters.length} values, not ${values.length}.`);
  }
  return executor.executeQuery({ ...compiled, parameters: values });
}
