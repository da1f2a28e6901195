import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextSyncAt } from './next-sync.ts';

const now = new Date('2026-12-01T12:00:00Z');
const hourMs = 3_600_000;
const facts = { failedAt: undefined, everyMs: 24 * hourMs, now, random: 0.5 };
const minutes = (at: Date) => Math.round((at.getTime() - now.getTime()) / 60_000);
const done = (startedAt: string) => ({ last: { startedAt: new Date(startedAt), state: 'done' as const } });

it('a server synchronises so often as was said, and up to a tenth later', () => {
  const last = done('2026-12-01T11:00:00Z');
  assert.equal(minutes(nextSyncAt({ ...facts, ...last, random: 0 })), 23 * 60);
  assert.equal(minutes(nextSyncAt({ ...facts, ...last, random: 1 })), 23 * 60 + 144);
});

it('a run that is due, never was, or was interrupted begins within minutes, and not at once', () => {
  for (const last of [
    done('2026-11-01T00:00:00Z'),
    { last: undefined },
    { last: { startedAt: now, state: 'failed' as const } },
  ]) {
    assert.equal(minutes(nextSyncAt({ ...facts, ...last })), 3);
  }
});

it('a run that failed is tried again after a quarter of an hour', () => {
  assert.equal(minutes(nextSyncAt({ ...facts, last: undefined, failedAt: now, random: 0 })), 15);
});

it('a run of a clock that was years ahead does not put the next one off', () => {
  assert.equal(minutes(nextSyncAt({ ...facts, ...done('2031-01-01T00:00:00Z') })), 3);
  assert.equal(minutes(nextSyncAt({ ...facts, last: undefined, failedAt: new Date('2036-01-01T00:00:00Z') })), 3);
});
