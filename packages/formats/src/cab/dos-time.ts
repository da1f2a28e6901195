// MS-CAB 2.4: date = (year-1980)<<9 | month<<5 | day, time = hour<<11 | minute<<5 | second/2, in whatever local time
// the maker had. It is read and written as UTC: the same bytes mean the same everywhere.

/** undefined for a date that no calendar has (zero, 31 February). */
export function fromDosTime(date: number, time: number): Date | undefined {
  const year = 1980 + (date >> 9);
  const month = ((date >> 5) & 15) - 1;
  const day = date & 31;
  const moment = new Date(Date.UTC(year, month, day, time >> 11, (time >> 5) & 63, (time & 31) * 2));
  const isReal = moment.getUTCMonth() === month && moment.getUTCDate() === day && time >> 11 < 24;
  return isReal ? moment : undefined;
}

/** Times before 1980 become 1980-01-01, after 2107 its last second. Odd seconds are rounded down. */
export function toDosTime(moment: Date): { date: number; time: number } {
  const clamped = new Date(Math.min(Math.max(moment.getTime() || 0, earliest), latest));
  return {
    date: ((clamped.getUTCFullYear() - 1980) << 9) | ((clamped.getUTCMonth() + 1) << 5) | clamped.getUTCDate(),
    time: (clamped.getUTCHours() << 11) | (clamped.getUTCMinutes() << 5) | (clamped.getUTCSeconds() >> 1),
  };
}

const earliest = Date.UTC(1980, 0, 1);
const latest = Date.UTC(2107, 11, 31, 23, 59, 58);
