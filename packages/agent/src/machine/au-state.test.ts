import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { detectionAt, nextDetectionAfterFailure, nextRegularDetection } from './au-state.ts';
import { formatDashedTime, formatDottedTime, parseAuTime } from './au-time.ts';

describe('times of the Auto Update key', () => {
  it('DetectionStartTime is local and five minutes before LastWaitTimeout, which is UTC', () => {
    const at = new Date('2003-09-10T11:43:10Z');
    const values = Object.fromEntries(
      detectionAt(at, 'sus').map(({ name, value }) => [name, value?.type === 'REG_SZ' ? value.data : undefined]),
    );
    assert.deepEqual(Object.keys(values), ['DetectionStartTime', 'LastWaitTimeout']);
    assert.equal(values.LastWaitTimeout, '2003.09.10 11:43:10');
    const start = parseAuTime(values.DetectionStartTime ?? '', 'local');
    assert.equal(start?.getTime(), at.getTime() - 5 * 60_000);
  });

  it('NextDetectionTime is for the WSUS client only, with dashes', () => {
    const next = detectionAt(new Date('2026-11-22T01:02:03Z'), 'wsus').find(({ name }) => name === 'NextDetectionTime');
    assert.deepEqual(next?.value, { type: 'REG_SZ', data: '2026-11-22 01:02:03' });
  });

  it('are read back as written, in both spellings and both zones', () => {
    const seconds = fc.integer({ min: Date.UTC(1980, 0) / 1000, max: Date.UTC(2100, 0) / 1000 });
    fc.assert(
      fc.property(seconds, (second) => {
        const time = new Date(second * 1000);
        assert.equal(parseAuTime(formatDottedTime(time, 'utc'), 'utc')?.getTime(), time.getTime());
        assert.equal(parseAuTime(formatDashedTime(time), 'utc')?.getTime(), time.getTime());
      }),
    );
    assert.equal(parseAuTime('2003.09.10 11.43.10', 'utc')?.toISOString(), '2003-09-10T11:43:10.000Z');
    assert.equal(parseAuTime('tomorrow', 'utc'), undefined);
  });
});

describe('the next detection', () => {
  const now = new Date('2026-11-22T12:00:00Z');
  const hours = (next: Date) => (next.getTime() - now.getTime()) / 3_600_000;

  it('is 17.6 to 22 hours later by default, never together with the whole fleet', () => {
    assert.equal(hours(nextRegularDetection(now, 22, 0)), 22);
    assert.ok(Math.abs(hours(nextRegularDetection(now, 22, 1)) - 17.6) < 1e-9);
    assert.equal(hours(nextRegularDetection(now, 20, 1)), 16);
  });

  it('is exactly 24 hours later when the server could not be contacted, sooner after other failures', () => {
    assert.equal(hours(nextDetectionAfterFailure(now, true, 0.5)), 24);
    assert.equal(hours(nextDetectionAfterFailure(now, false, 0)), 5);
    assert.equal(hours(nextDetectionAfterFailure(now, false, 1)), 4);
  });
});
