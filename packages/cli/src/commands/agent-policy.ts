import type { AgentPolicy, ResolvedValue } from '@moult/agent';
import { visibleText } from '@moult/formats/text';
import { paint } from '../terminal.ts';

/** The policy for people: what is set first, then what is wrong. Defaults are told in one line. */
export function describePolicy({ values, faults }: AgentPolicy): string {
  const told = values.filter(({ origin, fault, hidden }) => origin !== 'default' || fault !== '' || hidden.length > 0);
  const width = Math.max(0, ...told.map(({ name }) => name.length)) + 2;
  const lines = told.map((one) => `${one.name.padEnd(width)}${describeValue(one)}`);
  const rest = `${values.length - told.length} other values of the WindowsUpdate policy are not set.`;
  return [...lines, ...faults.map((fault) => paint('red', fault)), rest].map((line) => visibleText(line)).join('\n');
}

function describeValue({ value, origin, idleBecause, fault, hidden, obeyed }: ResolvedValue): string {
  const notes = [
    fault === '' ? '' : `not taken: ${fault}`,
    idleBecause === '' ? '' : `does not count: needs ${idleBecause}`,
    ...hidden.map((other) => `${other.origin} says ${JSON.stringify(other.value)}`),
    obeyed || origin === 'default' ? '' : 'shown only',
  ].filter((note) => note !== '');
  return `${value ?? '(nothing)'}  ${origin}${notes.map((note) => `; ${note}`).join('')}`;
}
