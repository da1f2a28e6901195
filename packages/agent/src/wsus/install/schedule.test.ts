import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextInstallTime } from './schedule.ts';

// 22 November 2026 is a Sunday. All local time.
const sunday = (hour: number, minute = 0) => new Date(2026, 10, 22, hour, minute);

it('every day at three: today before it, tomorrow after it, now within its hour', () => {
  assert.deepEqual(nextInstallTime(sunday(1), 0, 3), sunday(3));
  assert.deepEqual(nextInstallTime(sunday(3, 30), 0, 3), sunday(3));
  assert.deepEqual(nextInstallTime(sunday(4), 0, 3), new Date(2026, 10, 23, 3));
});

it('on one day of the week: 1 is Sunday, 7 is Saturday', () => {
  assert.deepEqual(nextInstallTime(sunday(1), 1, 3), sunday(3));
  assert.deepEqual(nextInstallTime(sunday(12), 1, 3), new Date(2026, 10, 29, 3));
  assert.deepEqual(nextInstallTime(sunday(12), 7, 22), new Date(2026, 10, 28, 22));
});

it('in chosen weeks of the month: the second week with Tuesday is the second Tuesday', () => {
  const second = (month: number) => nextInstallTime(new Date(2026, month, 1), 3, 3, [2]);
  assert.deepEqual([8, 9, 10, 11].map(second), [
    new Date(2026, 8, 8, 3),
    new Date(2026, 9, 13, 3),
    new Date(2026, 10, 10, 3),
    new Date(2026, 11, 8, 3),
  ]);
  // The 29th to the 31st are in the fourth week, and every day of the first one is in it.
  assert.deepEqual(nextInstallTime(new Date(2026, 9, 29), 0, 3, [4]), new Date(2026, 9, 29, 3));
  assert.deepEqual(nextInstallTime(new Date(2026, 9, 9), 0, 3, [1]), new Date(2026, 10, 1, 3));
  assert.deepEqual(nextInstallTime(new Date(2026, 10, 8), 1, 3, [1]), new Date(2026, 11, 6, 3));
});
