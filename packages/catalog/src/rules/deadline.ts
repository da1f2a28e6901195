// Deadlines of rules: a time of day in the time zone of a group, as a moment.
import type { RuleDeadline } from './rule.ts';

/**
 * The moment that is `minutes` after midnight in `timeZone`, `days` days after the day of `approvedAt` there. Never before the
 * approval: a time of day that is over counts for the next day. In the hour that a change of clocks leaves out, it is an
 * hour later. Throws RangeError for a time zone that is not known.
 */
export function deadlineAt({ days, minutes }: RuleDeadline, approvedAt: Date, timeZone: string): Date {
  for (let extra = 0; ; extra++) {
    const local = localTime(approvedAt, timeZone);
    const wanted = Date.UTC(local.year, local.month, local.day + days + extra) + minutes * 60_000;
    const moment = momentOf(wanted, timeZone);
    if (moment > approvedAt.getTime()) return new Date(moment);
  }
}

/** Whether this machine knows a time zone of this name. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The moment at which clocks in `timeZone` show what UTC shows at `shown`. */
function momentOf(shown: number, timeZone: string): number {
  const first = shown - offsetAt(shown, timeZone);
  return shown - offsetAt(first, timeZone);
}

function offsetAt(moment: number, timeZone: string): number {
  const { year, month, day, minutes } = localTime(new Date(moment), timeZone);
  return Date.UTC(year, month, day) + minutes * 60_000 - Math.floor(moment / 60_000) * 60_000;
}

function localTime(at: Date, timeZone: string) {
  const parts = formatIn(timeZone).formatToParts(at);
  const number = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const minutes = number('hour') * 60 + number('minute');
  return { year: number('year'), month: number('month') - 1, day: number('day'), minutes };
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { ...parts, hourCycle: 'h23', timeZone });
  formats.set(timeZone, format);
  return format;
}
