import assert from 'node:assert/strict';
import { it } from 'node:test';
import { healthOf, isDue, nextBackupAt } from './health.ts';
import type { BackupState } from './state.ts';

const hourMs = 3_600_000;
const now = new Date('2026-12-01T12:00:00Z');
const ago = (hours: number) => new Date(now.getTime() - hours * hourMs).toISOString();
const plan = (since: string): BackupState['plan'] => ({ folder: '/b', everyHours: 24, keep: 7, since });
const last = (hours: number) => ({ name: 'backup-000001', at: ago(hours), rows: 1, bytes: 1, seconds: 1 });
const failure = { at: ago(0), since: ago(0), code: 'x', message: 'x', count: 1 };
const own = (sinceOwnMs?: number, sinceFailedMs?: number) => ({ now, sinceOwnMs, sinceFailedMs });

it('a backup is late a quarter of the interval after it was due, and failed is worse', () => {
  assert.equal(healthOf({}, now), 'off');
  assert.equal(healthOf({ plan: plan(ago(29)) }, now), 'waiting');
  assert.equal(healthOf({ plan: plan(ago(31)) }, now), 'late');
  assert.equal(healthOf({ plan: plan(ago(900)), last: last(29) }, now), 'fine');
  assert.equal(healthOf({ plan: plan(ago(900)), last: last(31) }, now), 'late');
  assert.equal(healthOf({ plan: plan(ago(900)), last: last(31), failure }, now), 'failed');
});

it('one is due after the interval, at once when there is none, and a quarter of an hour after a failure', () => {
  const state = { plan: plan(ago(900)), last: last(23) };
  assert.equal(isDue({ state, ...own() }), false);
  assert.equal(isDue({ state: { ...state, last: last(24) }, ...own() }), true);
  assert.equal(isDue({ state: { plan: state.plan }, ...own() }), true);
  assert.equal(isDue({ state: {}, ...own() }), false);
  assert.equal(isDue({ state: { plan: state.plan }, ...own(undefined, hourMs / 4 - 1) }), false);
  assert.equal(isDue({ state: { plan: state.plan }, ...own(undefined, hourMs / 4) }), true);
  assert.equal(nextBackupAt(state, now)?.toISOString(), ago(-1));
});

it('a clock that jumps puts no backup off, and makes no more than two in an interval', () => {
  const yearsAhead = { plan: plan(ago(900)), last: last(-90_000) };
  assert.equal(isDue({ state: yearsAhead, ...own() }), true, 'made by a clock that was ahead');
  const longAgo = { plan: plan(ago(900)), last: last(90_000) };
  for (const state of [yearsAhead, longAgo]) {
    assert.equal(isDue({ state, ...own(12 * hourMs - 1) }), false, 'the clock jumped, and hours did not go by');
    assert.equal(isDue({ state, ...own(12 * hourMs) }), true);
  }
  const stands = { plan: plan(ago(900)), last: last(0) };
  assert.equal(isDue({ state: stands, ...own(24 * hourMs) }), true, 'the clock stands, and a day went by');
});
