// Values out of YAML, and what is said when they are not what they should be.
import { CatalogError } from '../errors.ts';

export function bad(message: string): CatalogError {
  return new CatalogError('CATALOG_BAD_PUBLICATION', message);
}

/** A mapping. Throws when it is anything else. */
export function mapping(value: unknown, key: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(`${key} must be a mapping of keys to values.`);
}

/** The value. Throws when it is not there. */
export function required(value: unknown, key: string): unknown {
  if (value === undefined || value === null) throw bad(`${key} is missing.`);
  return value;
}

/** A text that is not empty. A number counts as one. */
export function text(value: unknown, key: string): string {
  const given = required(value, key);
  if ((typeof given === 'string' && given.trim() !== '') || typeof given === 'number') return String(given);
  throw bad(`${key} must be a text.`);
}

export function optionalText(value: unknown, key: string): string | undefined {
  return value === undefined ? undefined : text(value, key);
}

/** A list. A single value is a list of one, nothing an empty one. */
export function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** One of the choices, or undefined where nothing is given. */
export function oneOf<Choice extends string>(
  value: unknown,
  choices: readonly Choice[],
  key: string,
): Choice | undefined {
  if (value === undefined) return undefined;
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw bad(`${key} must be one of ${choices.join(', ')}.`);
  return found;
}
