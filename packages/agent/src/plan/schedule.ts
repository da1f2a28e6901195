// The calendar of installations and active hours, in local time.
import type { RestartPolicy, Schedule } from './work.ts';

const dayMs = 86_400_000;
/** A week of the month comes again within five weeks and a day. */
const daysAhead = 38;

/** The first scheduled time after `time`. */
export function nextScheduled({ day, hour, minute = 0, weeks }: Schedule, time: Date): Date {
  const planned = new Date(time.getFullYear(), time.getMonth(), time.getDate(), hour, minute);
  for (let ahead = 0; ahead < daysAhead; ahead++) {
    if (isDay(planned, day) && isWeek(planned, weeks) && planned > time) return planned;
    // The hour is set again: on a day on which the clock was put forward it may have been another.
    planned.setDate(planned.getDate() + 1);
    planned.setHours(hour, minute, 0, 0);
  }
  return planned;
}

/** Whether `time` is one of the scheduled times. */
export function isScheduled(schedule: Schedule, time: Date): boolean {
  return nextScheduled(schedule, new Date(time.getTime() - 1)).getTime() === time.getTime();
}

function isDay(date: Date, day: number): boolean {
  return day === 0 || date.getDay() === day - 1;
}

/** 1 for the days 1-7, 2 for 8-14, 3 for 15-21, 4 for 22-31: so the second week with day 3 is the second Tuesday. */
function isWeek(date: Date, weeks: readonly number[]): boolean {
  return weeks.length === 0 || weeks.includes(Math.min(4, Math.ceil(date.getDate() / 7)));
}

/** The end of the active hours that `time` is in. Undefined: it is in none. */
export function endOfActiveHours(hours: RestartPolicy['activeHours'], time: Date): Date | undefined {
  if (!hours || hours.start === hours.end) return undefined;
  const { start, end } = hours;
  const hour = time.getHours();
  const isInside = start < end ? hour >= start && hour < end : hour >= start || hour < end;
  if (!isInside) return undefined;
  const ends = new Date(time.getFullYear(), time.getMonth(), time.getDate(), end);
  return ends > time ? ends : new Date(ends.getFullYear(), ends.getMonth(), ends.getDate() + 1, end);
}

export function afterDays(time: Date, days: number): Date {
  return new Date(time.getTime() + days * dayMs);
}

export function afterMinutes(time: Date, minutes: number): Date {
  return new Date(time.getTime() + minutes * 60_000);
}
