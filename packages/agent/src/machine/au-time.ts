// The two spellings of time in the Auto Update key, and the local time zone they may be in.

/** `YYYY.MM.DD HH:MM:SS` in local time (DetectionStartTime) or UTC (LastWaitTimeout). */
export function formatDottedTime(time: Date, zone: 'local' | 'utc'): string {
  const { year, month, day, clock } = fields(time, zone);
  return `${year}.${month}.${day} ${clock}`;
}

/** `YYYY-MM-DD HH:MM:SS` in UTC (NextDetectionTime, LastSuccessTime). */
export function formatDashedTime(time: Date): string {
  const { year, month, day, clock } = fields(time, 'utc');
  return `${year}-${month}-${day} ${clock}`;
}

/** Reads either spelling, dots in the clock included (the documentation prints them). Undefined for anything else. */
export function parseAuTime(written: string, zone: 'local' | 'utc'): Date | undefined {
  const match = /^(\d{4})[.-](\d\d)[.-](\d\d) (\d\d)[:.](\d\d)[:.](\d\d)$/.exec(written.trim());
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const time =
    zone === 'utc'
      ? new Date(Date.UTC(year, month - 1, day, hour, minute, second))
      : new Date(year, month - 1, day, hour, minute, second);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function fields(time: Date, zone: 'local' | 'utc'): { year: string; month: string; day: string; clock: string } {
  const shifted = zone === 'utc' ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  const [date = '', rest = ''] = shifted.toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return { year, month, day, clock: rest.slice(0, 8) };
}
