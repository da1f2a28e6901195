// Pages of lists. A page begins behind the last row that was shown, by the key that the list is sorted by: rows that
// come and go meanwhile are neither skipped nor repeated. A late page costs the same as the first.
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Page, PageRequest } from '../contract/index.ts';
import { ServerError } from '../errors.ts';

/** Expressions that are never null. The last one tells any two rows apart. All rise, or all fall. */
export interface Order {
  /** Tells this sort from the others of the list. */
  name: string;
  by: readonly SortKey[];
  isDescending: boolean;
}

export interface SortKey {
  expression: RawBuilder<unknown>;
  is: 'text' | 'number';
}

export function byText(expression: RawBuilder<unknown>): SortKey {
  return { expression, is: 'text' };
}

export function byNumber(expression: RawBuilder<unknown>): SortKey {
  return { expression, is: 'number' };
}

/** The values of the order's expressions for one row. */
type Key = readonly (string | number)[];

/** Order by, for a statement. */
export function sorted({ by, isDescending }: Order): RawBuilder<unknown> {
  return sql.join(by.map(({ expression }) => (isDescending ? sql`${expression} desc` : expression)));
}

/**
 * The condition for rows behind the cursor. Throws ServerError SERVER_REFUSED for a cursor of another list or sort, or
 * one that no list gave.
 */
export function behindCursor(order: Order, cursor: string | undefined): RawBuilder<SqlBool>[] {
  if (cursor === undefined) return [];
  const key = keyIn(order, cursor);
  const [here, there] = [sql.join(order.by.map(({ expression }) => expression)), sql.join(key)];
  return [order.isDescending ? sql`(${here}) < (${there})` : sql`(${here}) > (${there})`];
}

/** The condition that all of these hold. */
export function allOf(conditions: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> {
  return conditions.length === 0 ? sql`1 = 1` : sql.join(conditions, sql` and `);
}

/** For a statement that asks for one row more than the page has. */
export function limited(limit: number | undefined): RawBuilder<unknown> {
  return limit === undefined ? sql`` : sql`limit ${sql.lit(limit + 1)}`;
}

/** Rows that a `limited` statement answered: those of the page, and the cursor of the next one. */
export function cutPage<Row>(
  rows: Row[],
  { limit }: PageRequest,
  order: Order,
  keyOf: (row: Row) => Key,
): { rows: Row[]; next: string | undefined } {
  if (limit === undefined || rows.length <= limit) return { rows, next: undefined };
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return { rows: kept, next: last && writeCursor(order, keyOf(last)) };
}

/** A page of what is at hand, in its order. `idOf` tells any two apart. Throws as behindCursor does. */
export function pageOf<Item>(
  name: string,
  all: readonly Item[],
  { limit, cursor }: PageRequest,
  idOf: (item: Item) => string,
): Page<Item> {
  const order = { name, by: [byText(sql``)], isDescending: false };
  let start = 0;
  if (cursor !== undefined) {
    const [last] = keyIn(order, cursor);
    start = all.findIndex((item) => idOf(item) === last) + 1;
    if (start === 0) throw badCursor();
  }
  const { rows, next } = cutPage(all.slice(start), { limit }, order, (item) => [idOf(item)]);
  return { items: rows, total: all.length, next };
}

/** A part of a text, for `like … escape '\'`. */
export function partOf(text: string): string {
  return `%${beginningWith(text)}`;
}

/** The beginning of a text, for `like … escape '\'`. */
export function beginningWith(text: string): string {
  return `${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}

function writeCursor(order: Order, key: Key): string {
  return Buffer.from(JSON.stringify([marked(order), ...key])).toString('base64url');
}

function keyIn(order: Order, cursor: string): Key {
  try {
    const [mark, ...key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const isKey = key.length === order.by.length && order.by.every(({ is }, at) => isOf(is, key[at]));
    if (mark === marked(order) && isKey) return key as Key;
  } catch {
    // Answered below.
  }
  throw badCursor();
}

function isOf(kind: SortKey['is'], part: unknown): boolean {
  if (kind === 'number') return Number.isSafeInteger(part);
  // PostgreSQL takes no text with this character.
  return typeof part === 'string' && !part.includes('\0');
}

function marked({ name, isDescending }: Order): string {
  return isDescending ? `-${name}` : name;
}

function badCursor(): ServerError {
  return new ServerError(
    'SERVER_REFUSED',
    'The cursor does not belong to this list. Use `next` of the page before, with the same sort and the same filters.',
  );
}
