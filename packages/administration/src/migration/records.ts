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
    const records = readRecords(name, limits);
    left -= records.length;
    if (left < 0) throw unusable(path, `it has more than ${limits.maxRecords} objects`);
    return { name: basename(name), records };
  });
  return { files, packages };
}

export function unusable(file: string, why: string, cause?: unknown): AdministrationError {
  const message = `${file} cannot be taken over: ${why}. Nothing was changed.`;
  return new AdministrationError('ADMINISTRATION_MIGRATION', message, { cause });
}

function readRecords(path: string, { maxFileBytes }: Pick<typeof migrationBounds, 'maxFileBytes'>): ExportRecord[] {
  const name = basename(path);
  const text = decodeText(readOutside(path, { maxBytes: maxFileBytes })).replace(/^\uFEFF/, '');
  try {
    if (/\.csv$|\.txt$/i.test(name)) return readCsv(name, text);
    if (/^\s*</.test(text)) return fromClixml(name, text, maxFileBytes);
    return fromJson(name, text);
  } catch (error) {
    if (error instanceof FormatError || error instanceof SyntaxError)
      throw unusable(path, error.message.replace(/\.$/, ''), error);
    throw error;
  }
}

function fromJson(file: string, text: string): ExportRecord[] {
  if (text.trim() === '') return [];
  const isLines = /^\s*\{[^\n]*\}\s*\n\s*\{/.test(text);
  const parsed: unknown = isLines
    ? text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as unknown]))
    : JSON.parse(text);
  // PowerShell writes one element alone without a list.
  const all = Array.isArray(parsed) ? parsed : [parsed];
  return all.filter(isObject).map((one) => ({ file, types: [], fields: fieldsOf(one) }));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldsOf(object: Record<string, unknown>): Map<string, unknown> {
  return new Map(Object.entries(object).map(([name, value]) => [name.toLowerCase(), value]));
}

function fromClixml(file: string, text: string, maxCharacters: number): ExportRecord[] {
  const flat = (value: ClixmlValue): ClixmlValue[] =>
    isClixmlObject(value) && Array.isArray(value.value) ? value.value : Array.isArray(value) ? value : [value];
  const all = readClixml(text, { ...defaultXmlLimits, maxCharacters }).flatMap(flat);
  return all.filter(isClixmlObject).map(({ types, properties }) => ({
    ...{ file, types: types.map((one) => one.replace(/^Deserialized\./, '')) },
    fields: new Map([...properties].map(([name, value]) => [name.toLowerCase(), plain(value, 0)])),
  }));
}

/** As in JSON. Objects may hold themselves: only the first levels are followed. */
function plain(value: ClixmlValue, depth: number): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(one, depth + 1));
  if (!isClixmlObject(value)) return typeof value === 'bigint' ? Number(value) : value;
  if (Array.isArray(value.value)) return depth < deepest ? value.value.map((one) => plain(one, depth + 1)) : [];
  if (value.types.some((type) => type.endsWith('System.Enum'))) return value.text ?? plain(value.value ?? null, depth);
  if (value.properties.size === 0 || depth >= deepest) return value.text ?? null;
  return Object.fromEntries([...value.properties].map(([name, one]) => [name, plain(one, depth + 1)]));
}

const deepest = 3;

/** With a header. The delimiter is the one that the header has. sqlcmd writes the word NULL for a missing value. */
function readCsv(file: string, text: string): ExportRecord[] {
  const body = text.replace(/^#TYPE [^\n]*\n/, '');
  const head = /^[^\r\n]*/.exec(body)?.[0] ?? '';
  const delimiter = [',', '|', ';', '\t'].reduce((best, one) =>
    countOf(head, one) > countOf(head, best) ? one : best,
  );
  const [header, ...rows] = [...csvRows(body, delimiter)];
  if (!header) return [];
  const names = header.map((name) => name.trim().toLowerCase());
  const isData = (row: string[]) => row.length > 1 && !row.every((cell) => /^-*$/.test(cell.trim()));
  return rows.filter(isData).map((row, at) => {
    if (row.length !== names.length)
      throw new FormatError(
        'FORMAT_BAD_DATA',
        `row ${at + 2} has ${row.length} values, and the header ${names.length}`,
      );
    const cells = row.map((cell) => (cell.trim() === 'NULL' || cell === '\0' ? null : cell.trim()));
    return { file, types: [], fields: new Map(names.map((name, column) => [name, cells[column] ?? null])) };
  });
}

function countOf(text: string, sign: string): number {
  return text.split(sign).length;
}

function* csvRows(text: string, delimiter: string): Generator<string[]> {
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
