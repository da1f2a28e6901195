// Spans of time in the language of the person.

/** "3 hours ago" of `at` at `now` (milliseconds since 1970). */
export function ageOf(at: string, now: number, language: string): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const units: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const found = units.find(([size]) => Math.abs(seconds) >= size);
  if (!found) return format.format(Math.min(0, Math.round(seconds / 60)), 'minute');
  return format.format(Math.trunc(seconds / found[0]), found[1]);
}

/** "3 days": how long something waits. */
export function spanOf(from: string, now: number, language: string): string {
  const seconds = Math.max(0, (now - Date.parse(from)) / 1000);
  const units: [number, string][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const [size, unit] = units.find(([one]) => seconds >= one) ?? [60, 'minute'];
  const format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' });
  return format.format(Math.floor(seconds / size));
}
