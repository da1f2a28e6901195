// The definition of a list: its operation, columns, filters and sorts. The address holds all choices of a person.
import type { ReactNode } from 'react';
import type { Query } from '../api/call.ts';
import type { OperationName } from '../api/operations.ts';
import type { Words } from '../kit/words.tsx';

export interface Column<Item> {
  name: string;
  label(words: Words): string;
  /** Of a CSS grid: `minmax(12rem, 3fr)`. */
  width: string;
  cell(item: Item): ReactNode;
  /** As the operation calls it. */
  sort?: string;
  /** Sorts from high to low at first. */
  isDescending?: true;
  /** Hidden at first. A person can choose it. */
  isExtra?: true;
  isNumber?: true;
}

export type Filter = { name: string; label(words: Words): string } & (
  | { kind: 'text'; isWide?: true }
  | { kind: 'number' }
  | { kind: 'flag' }
  /** A day. The operation gets its first moment by the clock of the person, or the one after its last. */
  | { kind: 'day'; isEnd?: true }
  | { kind: 'group' }
  | { kind: 'choice'; choices(words: Words): readonly (readonly [value: string, label: string])[] }
);

export interface ListDefinition<Item> {
  operation: OperationName;
  title(words: Words): string;
  empty(words: Words): string;
  idOf(item: Item): string;
  /** Its own view. Undefined when it has none. */
  hrefOf?(item: Item): string;
  /** The first column names the item. */
  columns: readonly Column<Item>[];
  filters: readonly Filter[];
  /** Undefined when the operation has one order only. */
  sort?: { name: string; order: 'asc' | 'desc' };
}

/** The query of the operation that an address asks for. Names that the list does not have are left out. */
export function queryOf<Item>({ filters, columns, sort }: ListDefinition<Item>, query: URLSearchParams): Query {
  const found: Record<string, string | readonly string[]> = {};
  for (const filter of filters) {
    const { name } = filter;
    const given = query.getAll(name).filter((value) => value !== '');
    const values = filter.kind === 'day' ? given.flatMap((day) => momentOf(day, filter.isEnd ?? false)) : given;
    const [first] = values;
    if (first !== undefined) found[name] = values.length > 1 ? values : first;
  }
  if (!sort) return found;
  const wanted = query.get('sort');
  const known = columns.some((column) => column.sort === wanted);
  return {
    ...found,
    sort: known && wanted !== null ? wanted : sort.name,
    order: known ? (query.get('order') === 'desc' ? 'desc' : 'asc') : sort.order,
  };
}

/** `isEnd`: the whole day counts, also one of 23 or 25 hours. */
function momentOf(day: string, isEnd: boolean): string[] {
  const date = new Date(`${day}T00:00:00`);
  if (isEnd) date.setDate(date.getDate() + 1);
  return Number.isNaN(date.getTime()) ? [] : [date.toISOString()];
}

/** The columns that an address shows, in their order. */
export function shownColumns<Item>({ columns }: ListDefinition<Item>, query: URLSearchParams): readonly Column<Item>[] {
  const wanted = query.get('columns')?.split(',');
  const [first] = columns;
  if (!wanted) return columns.filter(({ isExtra }) => !isExtra);
  return columns.filter((column) => column === first || wanted.includes(column.name));
}

/** The selected items: ids, at most 200, as one operation takes them. */
export function selectionIn(query: URLSearchParams): readonly string[] {
  const text = query.get('selected') ?? '';
  return text === '' ? [] : [...new Set(text.split(','))].slice(0, mostSelected);
}

export const mostSelected = 200;
