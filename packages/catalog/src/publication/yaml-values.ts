// Values out of YAML, and what is said when they are not what they should be.
import { CatalogError } from '../errors.ts';

export function bad(message: string): CatalogError {
  return new CatalogError('CATALOG_BAD_PUBLICATION', message);
}

/** A mapping; throws when it is anything else. */
export function mapping(value: unknown, key: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(`${key} has to be a mapping of keys to values.`);
}
