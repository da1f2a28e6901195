import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAwakeClock } from './awake-clock.ts';

const at = (hour: number, minute = 0) => new Date(Date.UTC(2026, 10, 22, hour, minute));
const minuteMs = 60_000;

it('a machine is awake since its program started, as long as no sleep is longer than it was meant to be', () => {
  const clock = createAwakeClock(at(1));
  clock.slept({ before: at(2), after: at(2, 1), passedMs: minuteMs });
  assert.deepEqual(clock.since(), at(1));
});

it('a machine that was suspended is awake since then, whether the other clock stood still or not', () => {
  for (const passedMs of [minuteMs, 5 * 60 * minuteMs]) {
    const clock = createAwakeClock(at(1));
    clock.slept({ before: at(2), after: at(7), passedMs });
    assert.deepEqual(clock.since(), at(7));
  }
});

it('a clock that is set back begins anew', () => {
  const clock = createAwakeClock(at(10));
  clock.slept({ before: at(11), after: at(3), passedMs: minuteMs });
  assert.deepEqual(clock.since(), at(3));
});
