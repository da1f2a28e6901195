// The output of the commands of moult release: tables for people, one document with --json.
import { jsonText, visibleText } from '@moult/formats/text';

/** Prints rows in columns, with names from outside made visible. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [headings, ...rows].map((row) => row.map((cell) => visibleText(cell)));
  const widths = headings.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

export function printJson(document: unknown): void {
  console.log(jsonText(document));
}
