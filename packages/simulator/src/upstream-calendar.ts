// The calendar of an upstream server: on each second Tuesday of a month it publishes updates. It also revises one of the month
// before, and expires one that is older.
import { type SimulatedUpdate, simulatedUpdate } from './upstream-catalog.ts';

interface CalendarOptions {
  products: number;
  /** The number of the first update that the calendar publishes. */
  firstUpdate: number;
  /** The first day, UTC. */
  from: Date;
}

const dayMs = 86_400_000;
const updatesPerMonth = 4;
const expiresAfterMonths = 3;

/** Gives for each day from the first on what appears on it. `changedAt`: when the upstream server gets it. */
export function simulatedCalendar({ products, firstUpdate, from }: CalendarOptions) {
  let day = from.getTime() - dayMs;
  let months = 0;
  return (changedAt: Date): { day: Date; updates: SimulatedUpdate[] } => {
    day += dayMs;
    const today = new Date(day);
    if (!isSecondTuesday(today)) return { day: today, updates: [] };
    const first = firstUpdate + months * updatesPerMonth;
    const fresh = Array.from({ length: updatesPerMonth }, (_, at) => first + at);
    const updates = fresh.map((number) => simulatedUpdate(number, { products, changedAt }));
    if (months >= 1) updates.push(simulatedUpdate(first - updatesPerMonth, { products, changedAt, revision: 2 }));
    if (months >= expiresAfterMonths) {
      const old = first - expiresAfterMonths * updatesPerMonth;
      updates.push(simulatedUpdate(old, { products, changedAt, revision: 3, isExpired: true }));
    }
    months++;
    return { day: today, updates };
  };
}

function isSecondTuesday(day: Date): boolean {
  const tuesday = 2;
  return day.getUTCDay() === tuesday && day.getUTCDate() > 7 && day.getUTCDate() <= 14;
}
