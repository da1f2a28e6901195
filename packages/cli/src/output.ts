// Tables for people, one JSON document for programs.
import { jsonText, visibleText } from '@moult/formats/text';
import { paint } from './terminal.ts';

/** Prints the document when JSON was asked for, else what `lines` makes of it. */
export function present<T>(document: T, flags: { json?: true }, lines: (document: T) => string[]): void {
  if (flags.json) console.log(jsonText(document, 2));
  else for (const line of lines(document)) console.log(line);
}

/** Columns as wide as their widest cell, the last one unbounded. Cells are strangers' text: see visibleText. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string[] {
  const cells = rows.map((row) => row.map((cell) => visibleText(String(cell ?? ''))));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => Math.min(widest, (row[column] ?? '').length))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [paint('bold', line(headings)), ...cells.map(line)];
}

const widest = 60;

/** `2026-11-22 18:04 UTC`. '' for none. */
export function utc(at: Date | undefined): string {
  return at ? `${moment(at)} UTC` : '';
}

/** `2026-11-22 18:04` in UTC, for a column whose heading says so. '' for none. */
export function moment(at: Date | undefined): string {
  return at ? at.toISOString().slice(0, 16).replace('T', ' ') : '';
}
