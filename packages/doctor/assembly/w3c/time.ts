// Days of the calendar as milliseconds since 1970. Most lines are of the same day as the one before.
import { twoDigits } from './bytes';

const dayMs: f64 = 86_400_000;

let lastWord: u64 = 0;
let lastTail: u32 = 0;
let lastMs: f64 = NaN;

/** The day in the ten bytes at `at` (2026-11-20), NaN for none between 1991 and 2199. */
export function dayAt(at: usize): f64 {
  const word = load<u64>(at);
  const tail = <u32>load<u16>(at, 8);
  if (word !== lastWord || tail !== lastTail) {
    lastWord = word;
    lastTail = tail;
    lastMs = readDay(at);
  }
  return lastMs;
}

function readDay(at: usize): f64 {
  const year = <i64>(twoDigits(at) * 100 + twoDigits(at + 2));
  const key = year * 10_000 + <i64>(twoDigits(at + 5) * 100 + twoDigits(at + 8));
  if (key < 19_910_000 || key >= 22_000_000) return NaN;
  // Months and days that are out of range run over into the next ones, as in Date.UTC.
  const months = <i32>(key / 10_000) * 12 + (<i32>(key / 100) % 100) - 1;
  return <f64>(daysBefore(months / 12, months % 12) + <i32>(key % 100) - 1) * dayMs;
}

/** From 1970 to the first of a month (0 to 11). The year is taken to begin in March, so that a leap day ends it. */
function daysBefore(calendarYear: i32, calendarMonth: i32): i32 {
  const month = (calendarMonth + 10) % 12;
  const year = calendarMonth < 2 ? calendarYear - 1 : calendarYear;
  return year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 - 719_468;
}

/** The day that a time is on: its number since 1970. `none` for no time. */
export function dayNumber(at: f64, none: i32): i32 {
  return at < 0 || at >= 0 ? <i32>floor(at / dayMs) : none;
}
