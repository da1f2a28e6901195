import { type BoundTable, cellsOf } from './table.ts';

/**
 * Other values of a table until the end of the block, for tests: `using _ = overrideBounds(defaultXmlLimits, { maxDepth: 3 })`.
 * The range does not count. Throws TypeError for a key that the table does not have.
 */
export function overrideBounds<Key extends string>(
  table: BoundTable<Key>,
  values: { readonly [K in Key]?: number },
): Disposable {
  const cells = cellsOf(table);
  const before = cells.map(({ value, origin, isRead }) => ({ value, origin, isRead }));
  for (const [key, value] of Object.entries<number | undefined>(values)) {
    const cell = cells.find((one) => one.key === key);
    if (!cell || value === undefined) throw new TypeError(`The table has no bound ${key}.`);
    cell.value = value;
  }
  return {
    [Symbol.dispose]: () => {
      for (const [at, cell] of cells.entries()) Object.assign(cell, before[at]);
    },
  };
}
