// Statements of the busiest calls, composed once: composing a statement costs as much as running a small one.
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

/** The source of a value of the statement: a row, and its column by name. */
class Place {
  readonly row: number;
  readonly column: PropertyKey;

  constructor(row: number, column: PropertyKey) {
    this.row = row;
    this.column = column;
  }
}

/**
 * An insertion of rows with the columns of `example`. Each value is bound by the name of its column, in any order, as
 * often as the statement names it. Other values that `compose` gives stay as they are. Throws RangeError for a column
 * that the statement leaves out.
 */
export function prepareInsert<Values extends object, Row>(
  example: Values,
  compose: (rows: readonly Values[]) => Compilable<Row>,
): (executor: Kysely<Tables>, rows: readonly Values[]) => Promise<QueryResult<Row>> {
  const columns = Object.keys(example) as (keyof Values)[];
  const byRows = new Map<number, CompiledQuery<Row>>();
  const compile = (count: number) => {
    const places = Array.from({ length: count }, (_, row) =>
      Object.fromEntries(columns.map((column) => [column, new Place(row, column)])),
    );
    const compiled = compose(places as never).compile();
    const bound = new Set(compiled.parameters.map((one) => (one instanceof Place ? one.column : undefined)));
    for (const column of columns)
      if (!bound.has(column)) throw new RangeError(`The statement leaves out ${String(column)}.`);
    return compiled;
  };
  return (executor, rows) => {
    const compiled = byRows.get(rows.length) ?? compile(rows.length);
    byRows.set(rows.length, compiled);
    const parameters = compiled.parameters.map((one) =>
      one instanceof Place ? rows[one.row]?.[one.column as keyof Values] : one,
    );
    return executor.executeQuery({ ...compiled, parameters });
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

/** For the conflict clause of an insertion: the new row takes the place of the old one. */
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
