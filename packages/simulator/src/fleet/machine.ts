// When one simulated computer is on, and when it checks in. Windows asks its server about every 22 hours while it is on. If
// that time is over, it asks soon after a start.
import { noRhythm, type Rhythm } from '@moult/catalog/rings';

type Habit =
  /** Always on. */
  | 'server'
  /** On in office hours, from Monday to Friday. */
  | 'desktop'
  /** On for a few hours, once or twice a week. */
  | 'rare';

export interface Machine {
  /** Its place in the fleet. */
  at: number;
  id: string;
  habit: Habit;
  ring: number;
  rhythm: Rhythm;
  lastContact: number;
  /** The next time that it is on and asks. Infinity for one that is dead. */
  nextContact: number;
  /** The effect of the update on it. */
  fate: 'good' | 'fails' | 'crashes' | 'notNeeded';
  offeredAt: number | undefined;
  connectedAtOffer: number;
  outcome: 'none' | 'installed' | 'failed' | 'notNeeded';
  /** When the server hears of it. Infinity before. */
  outcomeAt: number;
  hasRelease: boolean;
}

export function makeMachine(id: string, habit: Habit, fate: Machine['fate'], ring: number): Machine {
  return {
    ...{ at: 0, id, habit, ring, fate, rhythm: noRhythm, lastContact: 0, nextContact: 0, offeredAt: undefined },
    ...{ connectedAtOffer: 0, outcome: 'none', outcomeAt: Number.POSITIVE_INFINITY, hasRelease: false },
  };
}

/** The next check-in after one at `at`. Day 0 of the virtual clock is a Monday. */
export function nextContactOf({ habit }: Machine, at: number, random: () => number): number {
  const due = at + hourMs * (17.6 + 4.4 * random());
  if (habit === 'server') return due;
  if (habit === 'rare') return at + dayMs * (2 + 8 * random()) + hourMs * random();
  return officeTime(due, random);
}

/** `due`, or when the computer is started next. Now and then somebody has a day off. */
function officeTime(due: number, random: () => number): number {
  let day = Math.floor(due / dayMs);
  if (isOfficeDay(day) && due % dayMs >= 8 * hourMs && due % dayMs < 17 * hourMs) return due;
  if (due % dayMs >= 17 * hourMs) day++;
  while (!isOfficeDay(day) || random() < 0.03) day++;
  return day * dayMs + hourMs * (7.5 + 1.5 * random());
}

function isOfficeDay(day: number): boolean {
  return day % 7 < 5;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
