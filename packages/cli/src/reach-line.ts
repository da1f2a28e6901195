// How many computers an update is for, in one line.
import type { Reach } from '@moult/catalog/reach';

/** `applies to 37 of 412 computers; 20 open (WmiQuery); always restarts`. */
export function reachLine({ computers, applies, open, openRules, isUnlimited, restart }: Reach): string {
  const all = computers === 1 ? '1 computer' : `${computers} computers`;
  const count = computers > 0 && applies === computers ? `all ${all}` : `${applies} of ${all}`;
  const restarts = { never: 'no restart', can: 'can restart', always: 'always restarts' }[restart];
  return [
    `applies to ${count}`,
    ...(open > 0 ? [`${open} cannot be decided by what the server knows (${openRules.join(', ')})`] : []),
    ...(isUnlimited ? ['its rules hold on every computer'] : []),
    restarts,
  ].join('; ');
}
