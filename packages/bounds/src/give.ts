// The values that an administrator gave. A program gives them once, at its start.
import { BoundsError } from './errors.ts';
import { type BoundOrigin, type BoundTable, type Cell, cellsOf } from './table.ts';
import { fromWords, inWords, unitsOf } from './units.ts';

export interface GivenBound {
  /** As the administrator wrote it. */
  name: string;
  value: unknown;
  origin: Exclude<BoundOrigin, 'default'>;
  /** Its source, for messages: `--set-limit`, `MOULT_LIMIT_XML_MAX_DEPTH`, `[limits] in moult.toml`. */
  place: string;
}

/**
 * Puts values in force. The first value of a name counts, also among several calls: give flags first, files last. All
 * values must be right. Throws BOUND_UNKNOWN, BOUND_BAD_VALUE, and BOUND_TOO_LATE for a bound that the program has used
 * already. Nothing is changed then.
 */
export function giveBounds(tables: readonly BoundTable[], given: readonly GivenBound[]): void {
  const cells = new Map(tables.flatMap((table) => cellsOf(table).map((cell) => [cell.name, cell] as const)));
  const changes = new Map<Cell, { value: number; origin: BoundOrigin }>();
  for (const one of given) {
    const cell = cells.get(one.name);
    if (!cell) throw unknown(one, [...cells.keys()]);
    const value = checkedValue(one, cell);
    if (cell.origin !== 'default' || changes.has(cell)) continue;
    if (cell.isRead && cell.value !== value) throw tooLate(one);
    changes.set(cell, { value, origin: one.origin });
  }
  for (const [cell, change] of changes) Object.assign(cell, change);
}

/**
 * The values among the variables of a process. An empty variable counts as not set. Unknown names are left for
 * giveBounds.
 */
export function boundsInEnvironment(
  tables: readonly BoundTable[],
  environment: Readonly<Record<string, string | undefined>>,
): GivenBound[] {
  const names = new Map(tables.flatMap(cellsOf).map(({ name }) => [variableOfBound(name), name]));
  return Object.entries(environment)
    .filter(([variable, value]) => variable.startsWith(prefix) && value !== undefined && value !== '')
    .map(([variable, value]) => {
      return { name: names.get(variable) ?? variable, value, origin: 'environment', place: variable };
    });
}

/**
 * For a thread of a program: the values that the program has checked and left in the environment. Names of other tables
 * are passed over.
 */
export function inheritBounds(
  tables: readonly BoundTable[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const isOurs = ({ name, place }: GivenBound) => name !== place;
  giveBounds(tables, boundsInEnvironment(tables, environment).filter(isOurs));
}

/** `xml.max-depth` → `MOULT_LIMIT_XML_MAX_DEPTH`. */
export function variableOfBound(name: string): string {
  return `${prefix}${name.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}

const prefix = 'MOULT_LIMIT_';

function checkedValue({ name, value, place }: GivenBound, { declaration, unit }: Cell): number {
  const [least, most] = declaration.range;
  const number = fromWords(value, unit);
  if (number !== undefined && number >= least && number <= most) return number;
  throw new BoundsError(
    'BOUND_BAD_VALUE',
    `${place} sets ${name} to ${JSON.stringify(value)}. It must be a whole number from ${inWords(least, unit)} to ` +
      `${inWords(most, unit)}${unitsOf(unit)}. It bounds: ${declaration.what}.`,
  );
}

function unknown({ name, place }: GivenBound, names: readonly string[]): BoundsError {
  const [, last = name] = /\.([^.]+)$/.exec(name) ?? [];
  const alike = names.filter((known) => known.endsWith(`.${last}`)).slice(0, 3);
  const hint = alike.length === 0 ? '' : ` Did you mean ${alike.join(' or ')}?`;
  return new BoundsError(
    'BOUND_UNKNOWN',
    `${place} sets ${JSON.stringify(name)}, and there is no limit of this name.${hint} "moult limits" lists all names.`,
  );
}

function tooLate({ name, place }: GivenBound): BoundsError {
  return new BoundsError(
    'BOUND_TOO_LATE',
    `${place} sets ${name}, but Moult has used this limit to read its settings. Set it by --set-limit or in ${variableOfBound(name)}.`,
  );
}
