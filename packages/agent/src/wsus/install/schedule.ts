/**
 * The next scheduled installation after `now`, local time: `day` 0 is every day, 1 Sunday … 7 Saturday; at `hour` (ScheduledInstallDay
 * and ScheduledInstallTime). Within the scheduled hour it is time now.
 */
export function nextInstallTime(now: Date, day: number, hour: number): Date {
  const planned = new Date(now.getFullYear(), now.getMonth(), now.getDate(), hour);
  for (let ahead = 0; ahead < 8; ahead++) {
    const rightDay = day === 0 || planned.getDay() === day - 1;
    if (rightDay && planned.getTime() + 3_600_000 > now.getTime()) return planned;
    planned.setDate(planned.getDate() + 1);
  }
  return planned;
}
