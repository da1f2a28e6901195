// Which steps of a page fit: a step that begins with a product is for that one alone. Nothing is left out as long as it is
// not known which product it is.
import type { Values } from './fill.ts';

const marks: readonly { mark: RegExp; isFor(values: Values): boolean }[] = [
  { mark: /^Moult: /, isFor: ({ product }) => product === undefined || product === 'moult' },
  { mark: /^(?:WSUS|WSUS and SUS|IIS): /, isFor: ({ product }) => product !== 'moult' },
  { mark: /^SUS: /, isFor: ({ product }) => product !== 'moult' },
  { mark: /^Moult's agent: /, isFor: ({ agent }) => agent !== 'windows' },
  { mark: /^Windows: /, isFor: ({ agent }) => agent !== 'moult' },
];

/** The steps for the product and the agent that `values` name. Where all would go, all stay. */
export function stepsFor(steps: readonly string[], values: Values): string[] {
  const fitting = steps.filter((step) => marks.every(({ mark, isFor }) => !mark.test(step) || isFor(values)));
  return fitting.length > 0 ? fitting : [...steps];
}
