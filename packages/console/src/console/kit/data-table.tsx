// A short table inside of a card. In a narrow window each row becomes a card with labels.
import type { ReactNode } from 'react';

interface Column<Row> {
  label: string;
  cell(row: Row): ReactNode;
  isNumber?: boolean;
}

interface Props<Row> {
  rows: readonly Row[];
  keyOf(row: Row): string;
  /** The first one names the row. */
  columns: readonly (Column<Row> | false)[];
  /** Shown in place of a table without rows. */
  empty: string;
  /** It fits into half of the page. */
  isSmall?: boolean;
}

export function DataTable<Row>({ rows, keyOf, columns, empty, isSmall = false }: Props<Row>): ReactNode {
  const [first, ...others] = columns.filter((column) => column !== false);
  if (rows.length === 0 || !first) return <p className="empty">{empty}</p>;
  const amount = ({ isNumber = false }: Column<Row>) => (isNumber ? 'amount' : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a person must be able to scroll it by the keyboard
    <div className={isSmall ? 'scroll scroll-small' : 'scroll'} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {[first, ...others].map((column) => (
              <th scope="col" key={column.label} className={amount(column)}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <th scope="row" className="wrap">
                {first.cell(row)}
              </th>
              {others.map((column) => (
                <td key={column.label} data-label={column.label} className={amount(column) ?? 'wrap'}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
