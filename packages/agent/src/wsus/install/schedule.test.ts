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
