// Bandwidth and Retry-After, on clocks of the test.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { transportBounds } from '../bounds.ts';
import { nextDetectionAfterFailure } from '../machine/au-state.ts';
import { retryAfterMs } from './retry-after.ts';
import { createThrottle } from './throttle.ts';

describe('the bandwidth', () => {
  it('is kept on average, whatever the pieces', () => {
    let time = 0;
    const throttle = createThrottle(1000, () => time);
    for (let piece = 0; piece < 500; piece += 1) time += throttle.take(piece % 97);
    const bytes = Array.from({ length: 500 }, (_, piece) => piece % 97).reduce((sum, one) => sum + one);
    assert.ok(Math.abs(time - (bytes - 1000)) < 1, `${bytes} bytes took ${time} ms`);
  });

  it('what was not used is not saved up beyond a second', () => {
    let time = 0;
    const throttle = createThrottle(1000, () => time);
    throttle.take(1);
    time = 3_600_000;
    assert.equal(throttle.take(1000), 0);
    assert.equal(throttle.take(500), 500);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-12-01T12:00:00Z');
  const read = (value: string, date?: string) => retryAfterMs({ 'retry-after': value, ...(date ? { date } : {}) }, now);

  it('in seconds', () => {
    assert.equal(read('0'), 0);
    assert.equal(read(' 120 '), 120_000);
  });

  it('as a date in any of the three forms, from the clock that is given', () => {
    assert.equal(read('Tue, 01 Dec 2026 12:00:30 GMT'), 30_000);
    assert.equal(read('Tuesday, 01-Dec-26 12:00:30 GMT'), 30_000);
    assert.equal(read('Tue Dec  1 12:00:30 2026'), 30_000);
    assert.equal(read('Tue, 01 Dec 2026 11:00:00 GMT'), 0);
  });

  it("a date counts from the server's own clock, so that a clock ten years behind waits no ten years", () => {
    assert.equal(read('Mon, 01 Dec 2036 12:00:30 GMT', 'Mon, 01 Dec 2036 12:00:00 GMT'), 30_000);
  });

  it('is bounded, and anything else is none', () => {
    assert.equal(read('9999999999'), transportBounds.maxRetryAfterMs);
    assert.equal(read('Thu, 01 Dec 2046 12:00:00 GMT'), transportBounds.maxRetryAfterMs);
    for (const odd of [
      '',
      '-1',
      '1.5',
      '1e3',
      'soon',
      'Infinity',
      '99999999999',
      '2026-12-01T12:00:30Z',
      'Tue, 99 Foo',
    ])
      assert.equal(read(odd), undefined, odd);
  });

  it('sets the next detection: then or up to a fifth later, in five minutes at least, within a day at most', () => {
    const next = (wait: number, random: number) =>
      (nextDetectionAfterFailure(now, true, random, wait).getTime() - now.getTime()) / 60_000;
    assert.deepEqual([next(0, 0), next(0, 1)], [5, 6]);
    assert.deepEqual([next(3_600_000, 0), next(3_600_000, 1)], [60, 72]);
    assert.equal(next(transportBounds.maxRetryAfterMs, 1), 24 * 60);
  });
});
