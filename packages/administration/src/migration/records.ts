// Files of an export as records: names and values, whatever the form. JSON and JSON lines, CLIXML, and CSV with a header.
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readOutside } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { type ClixmlValue, isClixmlObject, readClixml } from '@moult/formats/clixml';
import { decodeText } from '@moult/formats/text';
import { defaultXmlLimits } from '@moult/formats/xml';
import { AdministrationError } from '../errors.ts';
import { migrationBounds } from './bounds.ts';

/** One object of an export. Keys in lower case: T-SQL, .NET and people write them differently. */
export interface ExportRecord {
  file: string;
  /** Of .NET. Empty elsewhere. */
  types: readonly string[];
  fields: ReadonlyMap<string, unknown>;
}

export interface ExportFile {
  name: string;
  records: ExportRecord[];
}

/** Throws AdministrationError ADMINISTRATION_MIGRATION for files that are too many or that cannot be read, and DiskError. */
export function readExportFiles(path: string, limits = migrationBounds): { files: ExportFile[]; packages: string[] } {
  const names = statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(path, entry.name))
        .sort()
    : [path];
  const packages = names.filter((name) => /\.(?:cab|gz)$/i.test(name));
  const wanted = names.filter((name) => /\.(?:jsonl?|xml|clixml|csv|txt)$/i.test(name));
  if (wanted.length > limits.maxFiles) throw unusable(path, `it has more than ${limits.maxFiles} files`);
  let left = limits.maxRecords;
  const files = wanted.map((name) => {
    const records = readRecords(name, limits, left);
    left -= records.length;
    return { name: basename(name), records };
  });
  return { files, packages };
}

export function unusable(file: string, why: string, cause?: unknown): AdministrationError {
  const message = `${file} cannot be taken over: ${why}. Nothing was changed.`;
  return new AdministrationError('ADMINISTRATION_MIGRATION', message, { cause });
}

/** So many of an iterable, and an error for more: before each becomes a record. */
type AtMost = <One>(all: Iterable<One>) => One[];

function readRecords(path: string, { maxFileBytes, maxRecords }: typeof migrationBounds, left: number): ExportRecord[] {
  const name = basename(path);
  const text = decodeText(readOutside(path, { maxBytes: maxFileBytes })).replace(/^\uFEFF/, '');
  // An export writes a list of nothing as []. A file that was cut off must not withdraw all decisions.
  if (text.trim() === '') throw unusable(path, 'it is empty. If there is nothing of its kind, write [] into it');
  const atMost: AtMost = (all) => {
    const kept = [];
    for (const one of all) {
      if (kept.length === left) throw unusable(path, `the export has more than ${maxRecords} objects`);
      kept.push(one);
    }
    return kept;
  };
  try {
    if (/\.csv$|\.txt$/i.test(name)) return readCsv(name, text, atMost);
    if (/^\s*</.test(text)) return fromClixml(name, text, { maxCharacters: maxFileBytes, atMost });
    return fromJson(name, text, atMost);
  } catch (error) {
    if (error instanceof FormatError || error instanceof SyntaxError)
      throw unusable(path, error.message.replace(/\.$/, ''), error);
    throw error;
  }
}

function fromJson(file: string, text: string, atMost: AtMost): ExportRecord[] {
  const parsed: unknown = isJsonLines(text.trimStart())
    ? text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]))
    : JSON.parse(text);
  // PowerShell writes one element alone without a list.
  const all = Array.isArray(parsed) ? parsed : [parsed];
  return atMost(all.filter(isObject)).map((one) => ({ file, types: [], fields: fieldsOf(one) }));
}

/** A whole object in the first line, and another one behind it. */
function isJsonLines(text: string): boolean {
  const end = text.indexOf('\n');
  if (!text.startsWith('{') || end < 0) return false;
  return text.slice(0, end).trimEnd().endsWith('}') && text.slice(end).trimStart().startsWith('{');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(object: Record<string, unknown>): Map<string, unknown> {
  return new Map(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]));
}

function fromClixml(
  file: string,
  text: string,
  { maxCharacters, atMost }: { maxCharacters: number; atMost: AtMost },
): ExportRecord[] {
  const values = readClixml(text, { ...defaultXmlLimits, maxCharacters });
  const budget = { left: text.length };
  const objects = atMost(flat(values)).filter(isClixmlObject);
  return objects.map(({ types, properties }) => ({
    ...{ file, types: types.map((one) => one.replace(/^Deserialized\./, '')) },
    fields: new Map([...properties].map(([name, value]) => [name.toLowerCase(), plain(value, 0, budget)])),
  }));
}

/** Lists are exported as one object that holds the others. */
function* flat(values: readonly ClixmlValue[]): Generator<ClixmlValue> {
  for (const value of values) {
    if (isClixmlObject(value) && Array.isArray(value.value)) yield* value.value;
    else if (Array.isArray(value)) yield* value;
    else yield value;
  }
}

/**
 * As in JSON. Objects may hold themselves: only the first levels are followed. References multiply: `budget` is how many values
 * may come.
 */
function plain(value: ClixmlValue, depth: number, budget: { left: number }): unknown {
  if (budget.left-- === 0)
    throw new FormatError('FORMAT_OVER_LIMIT', 'its references make more values than it has text');
  const inside = (one: ClixmlValue) => plain(one, depth + 1, budget);
  if (Array.isArray(value)) return value.map(inside);
  if (!isClixmlObject(value)) return typeof value === 'bigint' ? Number(value) : value;
  if (Array.isArray(value.value)) return depth < deepest ? value.value.map(inside) : [];
  if (value.types.some((type) => type.endsWith('System.Enum'))) return value.text ?? inside(value.value ?? null);
  if (value.properties.size === 0 || depth >= deepest) return value.text ?? null;
  return Object.fromEntries([...value.properties].map(([name, one]) => [name, inside(one)]));
}

const deepest = 3;

/** With a header. The delimiter is the one that the header has. sqlcmd writes the word NULL for a missing value. */
function readCsv(file: string, text: string, atMost: AtMost): ExportRecord[] {
  const body = text.replace(/^#TYPE [^\n]*\n/, '');
  const head = /^[^\r\n]*/.exec(body)?.[0] ?? '';
  const delimiter = [',', '|', ';', '\t'].reduce((best, one) =>
    countOf(head, one) > countOf(head, best) ? one : best,
  );
  const rows = csvRows(body, delimiter);
  const { value: header } = rows.next();
  if (!header) return [];
  const names = header.map((name) => name.trim().toLowerCase());
  return atMost(dataOf(rows)).map((row, at) => {
    if (row.length !== names.length)
      throw new FormatError(
        'FORMAT_BAD_DATA',
        `row ${at + 2} has ${row.length} values, and the header ${names.length}`,
      );
    const cells = row.map((cell) => (cell.trim() === 'NULL' || cell === '\0' ? null : cell.trim()));
    return { file, types: [], fields: new Map(names.map((name, column) => [name, cells[column] ?? null])) };
  });
}

/** sqlcmd underlines the header, and adds lines beside the rows. */
function* dataOf(rows: Iterable<string[]>): Generator<string[]> {
  for (const row of rows) if (row.length > 1 && !row.every((cell) => /^-*$/.test(cell.trim()))) yield row;
}

function countOf(text: string, sign: string): number {
  return text.split(sign).length;
}

function* csvRows(text: string, delimiter: string): Generator<string[], undefined> {
  let row: string[] = [];
  let cell = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else isQuoted = false;
    } else if (sign === '"' && cell === '') isQuoted = true;
    else if (sign === delimiter) {
      row.push(cell);
      cell = '';
    } else if (sign === '\n') {
      yield [...row, cell.replace(/\r$/, '')];
      row = [];
      cell = '';
    } else cell += sign;
  }
  if (isQuoted) throw new FormatError('FORMAT_BAD_DATA', 'a quoted value does not end');
  if (row.length > 0 || cell !== '') yield [...row, cell];
}
