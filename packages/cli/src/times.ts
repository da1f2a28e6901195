// Times that people type.
import { InvalidArgumentError } from 'commander';

/** UTC where the text names no zone. Throws InvalidArgumentError. */
export function timeOf(text: string): Date {
  const [, day, clock = 'T00:00', zone = 'Z'] =
    /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(text) ?? [];
  const at = new Date(`${day}${clock}${zone}`);
  // Date takes 2026-02-31 for a day in March.
  const isDay = day !== undefined && new Date(`${day}T00:00Z`).toJSON()?.startsWith(day);
  if (!isDay || Number.isNaN(at.getTime())) throw new InvalidArgumentError('Write 2026-11-01, or 2026-11-01T12:00Z.');
  return at;
}

/** `4h`, `90m` or `2d`, in milliseconds. Throws InvalidArgumentError. */
export function spanOf(text: string): number {
  const [, number, unit = ''] = /^(\d{1,6})(m|h|d)$/.exec(text.trim()) ?? [];
  const minutes = { m: 1, h: 60, d: 1440 }[unit];
  if (number === undefined || minutes === undefined || Number(number) === 0)
    throw new InvalidArgumentError('Write 30m, 4h or 2d.');
  return Number(number) * minutes * 60_000;
}
