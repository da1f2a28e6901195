import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWaitClock } from './wait-clock.ts';

const hour = 3_600_000;

function clocks() {
  const at = { day: Date.UTC(2026, 10, 22), monotonic: 5000 };
  const wait = createWaitClock({ now: () => new Date(at.day), monotonicMs: () => at.monotonic });
  const pass = (ms: number) => {
    at.day += ms;
    at.monotonic += ms;
  };
  return { at, wait, pass };
}

it('a wait is as long as it was, also when the clock is set back in the middle of it', () => {
  const { at, wait, pass } = clocks();
  const until = new Date(at.day + 10 * hour);
  assert.equal(wait.leftMs(until), 10 * hour);
  pass(4 * hour);
  at.day -= 20 * hour;
  assert.equal(wait.leftMs(until), 6 * hour);
  pass(6 * hour);
  assert.equal(wait.leftMs(until), 0);
});

it('a wait is over when the clock is set forward past its end, and when the machine has slept through it', () => {
  const { at, wait } = clocks();
  const until = new Date(at.day + 10 * hour);
  wait.leftMs(until);
  at.day += 11 * hour;
  assert.ok(wait.leftMs(until) < 0);
});

it('another end begins another wait: an administrator has set it by hand', () => {
  const { at, wait, pass } = clocks();
  wait.leftMs(new Date(at.day + hour));
  pass(hour / 2);
  assert.equal(wait.leftMs(new Date(at.day + 3 * hour)), 3 * hour);
});
