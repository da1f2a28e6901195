// One known issue: on which updates, and on which computers. A fact that the server does not know of a computer counts as
// fulfilled: an update comes late rather than to a computer that it could harm.
import type { HoldFacts } from '../deployment/withholding.ts';
import type { UpdateId } from '../ids.ts';

export interface HoldCondition {
  /** Numbers of KB articles, without KB. */
  articles: readonly string[];
  updates: readonly UpdateId[];
  /** Versions of Windows as `10.0.19045`: the first and the last that are meant. */
  buildFrom?: string | undefined;
  buildTo?: string | undefined;
  /** Case does not matter. `*` stands for any text. */
  manufacturer?: string | undefined;
  model?: string | undefined;
}

export interface Hold {
  holdId: string;
  /** hold: the update is not offered to these computers. advise: it is, and explanations say this. */
  effect: 'hold' | 'advise';
  says: string;
  link?: string | undefined;
  endsAt?: Date | undefined;
  condition: HoldCondition;
}

/** Whether a computer is meant. */
export function meets({ osVersion, manufacturer, model }: HoldFacts, condition: HoldCondition): boolean {
  const { buildFrom, buildTo } = condition;
  if (osVersion !== undefined && buildFrom !== undefined && compareBuilds(osVersion, buildFrom) < 0) return false;
  if (osVersion !== undefined && buildTo !== undefined && compareBuilds(osVersion, buildTo) > 0) return false;
  return fits(manufacturer, condition.manufacturer) && fits(model, condition.model);
}

/** Of a bound with fewer numbers, only these count: 10.0.19045.4046 is within 10.0.19045. */
function compareBuilds(build: string, bound: string): number {
  const numbers = build.split('.').map(Number);
  for (const [at, text] of bound.split('.').entries()) {
    const difference = (numbers[at] ?? 0) - Number(text);
    if (difference !== 0) return difference;
  }
  return 0;
}

function fits(text: string | undefined, pattern: string | undefined): boolean {
  if (text === undefined || text === '' || pattern === undefined) return true;
  const parts = pattern.toLowerCase().split('*');
  const first = parts[0] ?? '';
  let rest = text.trim().toLowerCase();
  if (parts.length === 1) return rest === first;
  if (!rest.startsWith(first)) return false;
  rest = rest.slice(first.length);
  for (const part of parts.slice(1, -1)) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(parts.at(-1) ?? '');
}
