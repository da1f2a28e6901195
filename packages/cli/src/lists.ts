// Lists on the command line: how much of one, which columns, in which order, as a table, as CSV, or as JSON. Each list
// says at its end how many items there are.
import { toPageRequest } from '@moult/administration';
import { type CsvCell as Cell, csvLine, jsonText } from '@moult/formats/text';
import { type Page, pageOf } from '@moult/store';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from './numbers.ts';
import { moment, table } from './output.ts';
import { UsageError } from './terminal.ts';

export interface Column<Item> {
  /** As in `--columns`. */
  name: string;
  /** Without it the name in capitals. Columns of times say UTC themselves. */
  heading?: string;
  cell(item: Item): Cell;
  /** Shown only when it is asked for. */
  isExtra?: true;
}

export interface ListFlags {
  limit: number;
  cursor?: string;
  columns?: string[];
  csv?: true;
  json?: true;
}

export interface SortFlags<Sort extends string> {
  sort?: Sort;
  descending?: true;
}

/** One thing and several. */
type Counted = readonly [one: string, several: string];

/** Adds `--limit`, `--cursor`, `--columns`, `--csv`, and with `sorts` also `--sort` and `--descending`. */
export function withList(
  command: Command,
  { limit, columns, sorts }: { limit: number; columns: readonly { name: string }[]; sorts?: readonly string[] },
): Command {
  const names = columns.map(({ name }) => name);
  command
    .addOption(
      new Option('--limit <n>', 'show this number of items. 0 for all')
        .argParser(wholeNumber(0, 1_000_000))
        .default(limit),
    )
    .option('--cursor <text>', 'show the next page, from the last line of the page before')
    .addOption(
      new Option('--columns <names>', `show these, with commas between: ${names.join(', ')}`).argParser((text) =>
        columnsIn(text, names),
      ),
    )
    .option('--csv', 'print comma-separated values, for a spreadsheet');
  if (sorts) {
    command
      .addOption(new Option('--sort <by>', 'sort by this').choices(sorts))
      .option('--descending', 'sort from high to low, and from Z to A');
  }
  return command;
}

interface Around {
  /** The page that is counted, if an item has several lines. */
  ends?: Page<unknown>;
  /** Further fields of the JSON document. */
  fields?: object;
  /** Lines for people, above and below the table. */
  above?: readonly string[];
  below?: readonly string[];
}

/** Prints a page in the form that the flags ask for. Throws UsageError if they ask for two. */
export function showList<Item>(
  page: Page<Item>,
  flags: ListFlags,
  columns: readonly Column<Item>[],
  counted: Counted,
  { ends = page, fields = {}, above = [], below = [] }: Around = {},
): void {
  if (flags.json && flags.csv) throw new UsageError('Give --json or --csv, not both.');
  if (flags.json) {
    console.log(jsonText(listDocument(page, fields), 2));
    return;
  }
  const chosen = flags.columns
    ? flags.columns.flatMap((name) => columns.find((column) => column.name === name) ?? [])
    : columns.filter(({ isExtra }) => !isExtra);
  if (flags.csv) {
    for (const line of csvLines(page.items, chosen)) console.log(line);
    console.error(endOf(ends, flags, counted));
    return;
  }
  const lines = page.items.length > 0 ? tableLines(page.items, chosen) : [];
  for (const line of [...above, ...lines, endOf(ends, flags, counted), ...below]) console.log(line);
}

/** The JSON of every list. `more` are facts of the answer beside it. */
export function listDocument<Item, More extends object>(
  { items, total, next }: Page<Item>,
  more?: More,
): { items: Item[]; total: number; next: string | null } & Partial<More> {
  return { items, total, next: next ?? null, ...(more as Partial<More>) };
}

/** A list that is whole. */
export function wholeList<Item>(items: Item[]): Page<Item> {
  return { items, total: items.length, next: undefined };
}

/**
 * The page that the flags ask for, of a list that is at hand. `name` marks its cursors, and `idOf` tells any two items
 * apart. Throws ServerError SERVER_REFUSED for a cursor of another list.
 */
export function pageOfAll<Item>(
  name: string,
  all: readonly Item[],
  { limit, cursor }: ListFlags,
  idOf: (item: Item) => string,
): Page<Item> {
  return pageOf(name, all, toPageRequest({ limit, cursor }), idOf);
}

/** How a list ends: how many there are, and how the others are shown. */
export function endOf({ items, total, next }: Page<unknown>, { cursor }: Partial<ListFlags>, counted: Counted): string {
  const all = `${amount(total)} ${total === 1 ? counted[0] : counted[1]}`;
  if (next === undefined)
    return cursor === undefined || items.length === total ? `${all}.` : `The last ${amount(items.length)} of ${all}.`;
  const left = cursor === undefined ? ` ${amount(total - items.length)} more.` : '';
  return `${amount(items.length)} of ${all}.${left} All: --limit 0. The next ones: --cursor ${next}`;
}

function amount(number: number): string {
  return number.toLocaleString('en');
}

/** `a,b`. May be given again. For `addOption`. */
export function listOf(what: string, known: readonly string[]): (text: string, before?: string[]) => string[] {
  return (text, before = []) => {
    const wanted = text.split(',').map((one) => one.trim());
    for (const one of wanted) {
      if (!known.includes(one))
        throw new InvalidArgumentError(`There is no ${what} "${one}". Known: ${known.join(', ')}.`);
    }
    return [...before, ...wanted];
  };
}

function columnsIn(text: string, names: readonly string[]): string[] {
  return listOf('column', names)(text);
}

function tableLines<Item>(items: readonly Item[], columns: readonly Column<Item>[]): string[] {
  const isTime = columns.map(({ cell }) => items.some((item) => cell(item) instanceof Date));
  const headings = columns.map(({ name, heading }, at) => `${heading ?? spoken(name)}${isTime[at] ? ' (UTC)' : ''}`);
  const rows = items.map((item) =>
    columns.map(({ cell }) => {
      const value = cell(item);
      return value instanceof Date ? moment(value) : value;
    }),
  );
  return table(headings, rows);
}

function spoken(name: string): string {
  return name.toUpperCase().replaceAll('-', ' ');
}

function csvLines<Item>(items: readonly Item[], columns: readonly Column<Item>[]): string[] {
  return [
    csvLine(columns.map(({ name }) => name)),
    ...items.map((item) => csvLine(columns.map(({ cell }) => cell(item)))),
  ];
}
