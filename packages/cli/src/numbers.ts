import { InvalidArgumentError } from 'commander';

/** A parser for option values that are whole numbers within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
  };
}

/** From 0 to 100, with a fraction or without. Throws InvalidArgumentError. */
export function percent(text: string): number {
  const number = /^\d{1,3}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(number <= 100)) throw new InvalidArgumentError('Write a number from 0 to 100, for example 1.5.');
  return number;
}
