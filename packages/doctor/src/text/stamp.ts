// The time at the start of a log line, in the many ways Windows writes it: by locale with dots, dashes or slashes, day
// or month first, 12 or 24 hours. AM and PM are in several languages, and fractions are behind a dot, comma or colon.

export interface Stamp {
  /** Milliseconds since 1970 of the clock face as written, or of the instant when the line names its zone. */
  at: number;
  zone: 'written' | 'utc';
  /** Characters of the line that the time took. */
  length: number;
  /** Set where day and month could not be told apart. */
  ambiguous?: boolean;
}

export type DateOrder = 'month-first' | 'day-first';

const fraction = /(?:[:.,](\d{1,7}))?/.source;
const clock = `(\\d{1,2})[:.](\\d{2})[:.](\\d{2})${fraction}`;
const half = /(?:[ \t\u00a0\u202f]*(AM|PM|a\.m\.|p\.m\.|am|pm|午前|午後|上午|下午|오전|오후))?/.source;
const zoneText = /(Z|[+-]\d{2}:?\d{2}\b|\s?UTC\b)?/.source;
const gap = /[T\t \u00a0\u202f,]+/.source;
const halfFirst = /(?:(午前|午後|上午|下午|오전|오후)\s*)?/.source;
const yearFirst = new RegExp(
  `^\\W{0,3}(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})\\.?${gap}${halfFirst}${clock}${half}${zoneText}`,
);
const yearLast = new RegExp(
  `^\\W{0,3}(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})${gap}${halfFirst}${clock}${half}${zoneText}`,
);

/** The time a line starts with. Undefined when it starts with none. */
export function parseStamp(text: string, order: DateOrder = 'month-first'): Stamp | undefined {
  const iso = yearFirst.exec(text);
  if (iso) return stampOf(iso, { year: iso[1], month: iso[2], day: iso[3] });
  const local = yearLast.exec(text);
  if (!local) return undefined;
  const [first, second] = [Number(local[1]), Number(local[2])];
  const dayFirst = first > 12 || (second <= 12 && order === 'day-first') || /^\W*\d+\./.test(text);
  const [day, month] = dayFirst ? [local[1], local[2]] : [local[2], local[1]];
  const stamp = stampOf(local, { year: local[3], month, day });
  if (stamp && first <= 12 && second <= 12 && first !== second) stamp.ambiguous = true;
  return stamp;
}

/** Which of day and month comes first in these lines, from the first one that can tell. */
export function orderOf(lines: readonly string[]): DateOrder {
  for (const line of lines) {
    const match = /^\W{0,3}(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}/.exec(line);
    if (Number(match?.[1]) > 12) return 'day-first';
    if (Number(match?.[2]) > 12) return 'month-first';
  }
  return 'month-first';
}

function stampOf(
  match: RegExpExecArray,
  date: { year: string | undefined; month: string | undefined; day: string | undefined },
): Stamp | undefined {
  const [early, hours, minutes, seconds, parts, late, zone] = match.slice(4);
  const month = Number(date.month);
  const day = Number(date.day);
  let hour = Number(hours);
  if (month < 1 || month > 12 || day < 1 || day > 31 || Number(minutes) > 59 || Number(seconds) > 60) return undefined;
  const word = (late ?? early ?? '').toLowerCase();
  if (/^p|午後|下午|오후/.test(word)) hour = (hour % 12) + 12;
  else if (/^a|午前|上午|오전/.test(word)) hour %= 12;
  if (hour > 23) return undefined;
  const milliseconds = parts === undefined ? 0 : Math.floor(Number(`0.${parts}`) * 1000);
  const written = Date.UTC(Number(date.year), month - 1, day, hour, Number(minutes), Number(seconds), milliseconds);
  const offset = offsetMinutes(zone);
  return {
    at: written - (offset ?? 0) * 60_000,
    zone: offset === undefined ? 'written' : 'utc',
    length: match[0].length,
  };
}

function offsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  const match = /([+-])(\d{2}):?(\d{2})/.exec(zone);
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}
