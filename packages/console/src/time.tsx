// Times as people read them: local by default, UTC on hover and at the switch of a button, because logs are in UTC.
import { createContext, type ReactNode, useContext } from 'react';

export type ClockSetting = 'local' | 'utc';

export const ClockContext = createContext<ClockSetting>('local');

/** A point in time. Today's without the date. */
export function Time({ at }: { at: string }): ReactNode {
  const setting = useContext(ClockContext);
  const date = new Date(at);
  return (
    <time dateTime={at} title={`${spell(date, 'UTC', true)} UTC\n${spell(date, undefined, true)} local`}>
      {spell(date, setting === 'utc' ? 'UTC' : undefined, !isToday(date, setting))}
    </time>
  );
}

/** "3 days 4 hours": the two largest units, for people. */
export function since(start: string, end: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(end) - Date.parse(start)) / 1000));
  const units: [number, string][] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const first = units.findIndex(([amount]) => amount > 0);
  if (first === -1) return 'less than a second';
  return units
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}${amount === 1 ? '' : 's'}`)
    .join(' ');
}

function isToday(date: Date, setting: ClockSetting): boolean {
  const zone = setting === 'utc' ? 'UTC' : undefined;
  return day(date, zone) === day(new Date(), zone);
}

// sv-SE writes ISO order (2026-11-22 16:50:03), which every administrator reads the same way.
function spell(date: Date, zone: string | undefined, withDay: boolean): string {
  const clock = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'medium', timeZone: zone }).format(date);
  return withDay ? `${day(date, zone)} ${clock}` : clock;
}

function day(date: Date, zone: string | undefined): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone: zone }).format(date);
}
