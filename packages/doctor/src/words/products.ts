// Which steps of a page fit: a step that begins with a product is for that one alone. Nothing is left out as long as it
// is not known which product it is.
import type { Values } from './fill.ts';

const marks: readonly { mark: RegExp; isFor(values: Values): boolean }[] = [
  { mark: /^Moult: /, isFor: ({ product }) => product === undefined || product === 'moult' },
  { mark: /^(?:WSUS|WSUS and SUS|IIS): /, isFor: ({ product }) => product !== 'moult' },
  { mark: /^SUS: /, isFor: ({ product }) => product !== 'moult' },
  { mark: /^Moult's agent: /, isFor: ({ agent }) => agent !== 'windows' },
  { mark: /^Windows: /, isFor: ({ agent }) => agent !== 'moult' },
];

/** Whether a text with such a mark is for the product and the agent that `values` name. One without a mark is. */
export function fits(text: string, values: Values): boolean {
  return marks.every(({ mark, isFor }) => !mark.test(text) || isFor(values));
}

/** The steps for the product and the agent that `values` name. If none fits, all stay. */
export function stepsFor(steps: readonly string[], values: Values): string[] {
  const fitting = steps.filter((step) => fits(step, values));
  return fitting.length > 0 ? fitting : [...steps];
}
