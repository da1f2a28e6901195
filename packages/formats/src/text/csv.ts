// Comma-separated values (RFC 4180) for spreadsheets, which obey a cell that looks like a formula.
import { visibleText } from './visible.ts';

export type CsvCell = string | number | Date | undefined;

/** One line, without its end. */
export function csvLine(cells: readonly CsvCell[]): string {
  return cells.map(csvCell).join(',');
}

/** A text of a stranger that a spreadsheet takes for a formula gets an apostrophe before it. */
function csvCell(cell: CsvCell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  if (cell instanceof Date) return cell.toISOString();
  const text = visibleText(cell);
  const safe = /^\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u.test(text) ? `'${text}` : text;
  return /[",;\s']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
