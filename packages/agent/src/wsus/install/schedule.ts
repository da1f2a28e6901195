/**
 * The next scheduled installation after `now`, local time: `day` 0 is every day, 1 Sunday … 7 Saturday; at `hour` (ScheduledInstallDay
 * and ScheduledInstallTime). `weeks` of the month, 1 to 4; none: every week. Within the scheduled hour it is time now.
 */
export function nextInstallTime(now: Date, day: number, hour: number, weeks: readonly number[] = []): Date {
  const planned = new Date(now.getFullYear(), now.getMonth(), now.getDate(), hour);
  // A week of the month comes again within five weeks and a day.
  for (let ahead = 0; ahead < 38; ahead++) {
    const rightDay = day === 0 || planned.getDay() === day - 1;
    const rightWeek = weeks.length === 0 || weeks.includes(weekOfMonth(planned));
    if (rightDay && rightWeek && planned.getTime() + 3_600_000 > now.getTime()) return planned;
    planned.setDate(planned.getDate() + 1);
  }
  return planned;
}

/** 1 for the days 1-7, 2 for 8-14, 3 for 15-21, 4 for 22-31: so the second week with day 3 is the second Tuesday. */
function weekOfMonth(day: Date): number {
  return Math.min(4, Math.ceil(day.getDate() / 7));
}
