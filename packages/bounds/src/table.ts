// Tables of bounds. A package declares its bounds once. Functions take their defaults from the table. A program may
// give other values, once, at its start (give.ts).
import type { Unit } from './units.ts';

export interface BoundDeclaration {
  /** The thing that is bounded, as docs/limits.md says it. */
  what: string;
  fallback: number;
  /** The least and the most that an administrator may set. */
  range: readonly [least: number, most: number];
  /** Left out for names that end in Bytes or Ms, and for plain numbers. */
  unit?: Unit;
  /** The client's answer beyond it, and the administrator's view. */
  client: string;
  administrator: string;
}

/**
 * The values in force, by the keys of the declaration. Reading one settles it: another one cannot be given afterwards.
 */
export type BoundTable<Key extends string = string> = { readonly [K in Key]: number };

export type BoundOrigin = 'flag' | 'environment' | 'file' | 'registry' | 'default';

export interface Bound extends Readonly<Required<BoundDeclaration>> {
  /** `xml.max-depth`. */
  readonly name: string;
  readonly value: number;
  readonly origin: BoundOrigin;
  /** Whether the program has used the value. */
  readonly isRead: boolean;
}

/** @internal What can change of a bound. For give.ts and override.ts alone. */
export interface Cell {
  readonly key: string;
  readonly name: string;
  readonly declaration: BoundDeclaration;
  readonly unit: Unit;
  value: number;
  origin: BoundOrigin;
  isRead: boolean;
}

const cellsOfTables = new WeakMap<object, readonly Cell[]>();

/**
 * Declares the bounds of one topic. A bound is called after the topic and its key: `xml` and `maxDepth` →
 * `xml.max-depth`.
 */
export function declareBounds<Key extends string>(
  topic: string,
  rows: Readonly<Record<Key, BoundDeclaration>>,
): BoundTable<Key> {
  const cells = Object.entries<BoundDeclaration>(rows).map(([key, declaration]) => newCell(topic, key, declaration));
  const table = {};
  for (const cell of cells) Object.defineProperty(table, cell.key, { enumerable: true, get: () => read(cell) });
  cellsOfTables.set(table, cells);
  return Object.freeze(table) as BoundTable<Key>;
}

/** All bounds of some tables, with their values in force. To look at them here does not settle them. */
export function boundsOf(tables: readonly BoundTable[]): Bound[] {
  return tables.flatMap((table) =>
    cellsOf(table).map(({ declaration, unit, name, value, origin, isRead }) => {
      return { ...declaration, unit, name, value, origin, isRead };
    }),
  );
}

/** @internal */
export function cellsOf(table: BoundTable): readonly Cell[] {
  const cells = cellsOfTables.get(table);
  if (!cells) throw new TypeError('This is not a table that declareBounds made.');
  return cells;
}

function newCell(topic: string, key: string, declaration: BoundDeclaration): Cell {
  const { fallback, range, unit = unitByName(key) } = declaration;
  const [least, most] = range;
  const name = `${topic}.${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (!(least <= fallback && fallback <= most)) throw new TypeError(`The default of ${name} is not within its range.`);
  return { key, name, declaration, unit, value: fallback, origin: 'default', isRead: false };
}

function unitByName(key: string): Unit {
  if (/(?:^b|B)ytes$/.test(key)) return 'bytes';
  return /Ms$/.test(key) ? 'ms' : '';
}

function read(cell: Cell): number {
  cell.isRead = true;
  return cell.value;
}
