// The filter of a list as the operations on a whole list take it: with the types of JSON.
import type { Query } from '../api/call.ts';

/** Without the order of the list, which decides nothing. */
export function filterOf({ sort: _sort, order: _order, ...asked }: Query): Record<string, unknown> {
  return Object.fromEntries(Object.entries(asked).map(([name, value]) => [name, typed(name, value)]));
}

function typed(name: string, value: Query[string]): unknown {
  if (name === 'newDays') return Number(value);
  if (name === 'severity') return Array.isArray(value) ? value : [value];
  // Some are texts that people type. "true" is a title too.
  return flags.includes(name) ? value === true || value === 'true' : value;
}

const flags: readonly string[] = ['superseded', 'expired', 'needed', 'failed'];
