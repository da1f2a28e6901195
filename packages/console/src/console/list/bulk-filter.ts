// The filter of a list as the operations on a whole list take it: with the types of JSON.
import type { Query } from '../api/call.ts';

const flags: readonly string[] = ['superseded', 'needed', 'failed'];

/** Without the order of the list, which decides nothing. */
export function filterOf({ sort: _sort, order: _order, ...asked }: Query): Record<string, unknown> {
  return Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, typed(name, value)]));
}

function typed(name: string, value: Query[string]): unknown {
  if (flags.includes(name)) return value === true || value === 'true';
  if (name === 'newDays') return Number(value);
  if (name === 'severity') return Array.isArray(value) ? value : [value];
  return value;
}
