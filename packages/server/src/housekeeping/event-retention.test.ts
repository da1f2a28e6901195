import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import pino from 'pino';
import { openServerClock, programDate } from '../../../store/src/clock/index.ts';
import { openStore, type ReportedEvent } from '../../../store/src/index.ts';
import { startPostgres } from '../../../store/test/postgres.ts';
import { createEventRetention } from './event-retention.ts';

const dayMs = 86_400_000;
const start = new Date('2026-01-01T00:00:00Z').getTime();
const log = pino({ level: 'silent' });

function event(number: number, eventNumber: number): ReportedEvent {
  return {
    instanceId: `e0000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    computerId: 'e1da06a3-5601-43c9-bac3-52d5db701494',
    timeAtTarget: new Date(start),
    ...{ namespaceId: 1, eventNumber, sourceId: 101, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
    ...{ appName: '', replacementStrings: [], miscData: [] },
  };
}

const ping = {
  computerId: 'e1da06a3-5601-43c9-bac3-52d5db701494',
  ...{ address: '192.0.2.7', userAgent: '', component: 'au', activity: 'd', item: '', device: '', platform: '' },
  ...{ language: '', status: 's', resultCode: '00000000', message: '' },
  ...{ agentGeneration: undefined, agentVersion: undefined },
};

for (const engine of ['sqlite', 'postgres'] as const) {
  it(`routine events go before the others and status pings with those, in small steps, and the sweep goes on where it stopped (${engine})`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-retention-'));
    const postgres = engine === 'postgres' ? await startPostgres() : undefined;
    t.after(() => postgres?.stop());
    const address = (await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite');
    let now = start;
    const store = await openStore(address, { now: () => new Date(now) });
    // Forty days, one scan, one installation and one status ping each.
    for (let day = 0; day < 40; day++) {
      const events = [event(day * 2, 147), event(day * 2 + 1, 183)];
      const receivedAt = new Date(start + day * dayMs);
      await store.recordReportingEvents(events, receivedAt);
      await store.recordSelfUpdateEvents([{ ...ping, receivedAt, occurredAt: new Date(start) }]);
    }
    const kept = async () => {
      const events = await store.listReportingEvents({ limit: 1000 });
      const pings = await store.listSelfUpdateEvents({ limit: 1000 });
      const reports = [147, 183].map((wanted) => events.filter(({ eventNumber }) => eventNumber === wanted).length);
      return [...reports, pings.length];
    };
    now = start + 40 * dayMs;
    const clock = { ageingNow: () => new Date(now), newestBelievable: () => new Date(now + dayMs) };
    const parts = { store, eventDays: 30, routineEventDays: 10, clock, log, everyMs: 0, pauseMs: 0 };
    const retention = createEventRetention({ ...parts, eventsPerStep: 3 });
    assert.equal(await retention.sweep(), 10 + 10 + 10 + 20);
    assert.deepEqual(await kept(), [10, 30, 30]);
    assert.equal(await retention.sweep(), 0);
    now += 5 * dayMs;
    const later = createEventRetention({ ...parts, eventsPerStep: 3 });
    assert.equal(await later.sweep(), 5 + 5 + 5);
    assert.deepEqual(await kept(), [5, 25, 25]);
    await later.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

it('a stamp that a wrong clock wrote neither ends the sweeps for years nor is deleted for it', async () => {
  await using store = await openStore(':memory:', { now: () => new Date(start) });
  const tenYears = 3652 * dayMs;
  await store.recordReportingEvents([event(1, 147)], new Date(start + tenYears));
  await store.recordReportingEvents([event(2, 147)], new Date(start));
  const now = start + 20 * dayMs;
  const clock = { ageingNow: () => new Date(now), newestBelievable: () => new Date(now + dayMs) };
  const parts = { store, eventDays: 30, routineEventDays: 10, clock, log, everyMs: 0, pauseMs: 0 };
  const retention = createEventRetention(parts);
  assert.equal(await retention.sweep(), 1);
  const [left, ...more] = await store.listReportingEvents({ limit: 10 });
  assert.deepEqual([left?.receivedAt.getTime(), more.length], [start + tenYears, 0]);
});

for (const engine of ['sqlite', 'postgres'] as const) {
  it(`what a clock stamped that was ten years behind, or behind for an hour, is not old for it (${engine})`, async (t) => {
    const postgres = engine === 'postgres' ? await startPostgres() : undefined;
    t.after(() => postgres?.stop());
    await using store = await openStore((await postgres?.createDatabase()) ?? ':memory:', {
      now: () => new Date(start),
    });
    const tenYears = 3652 * dayMs;
    const now = start + 400 * dayMs;
    const told = async (number: number, at: number) => {
      await store.recordReportingEvents([event(number * 2, 147), event(number * 2 + 1, 183)], new Date(at));
      await store.recordSelfUpdateEvents([{ ...ping, receivedAt: new Date(at), occurredAt: new Date(at) }]);
    };
    // A machine without a battery starts in 2016; then its clock is set; a year later it is 2016 again, and then a year back.
    await told(1, start - tenYears);
    await told(2, start);
    await told(3, now - dayMs);
    await told(4, now - tenYears);
    await told(5, now - 100 * dayMs);
    await told(6, now);
    const clock = { ageingNow: () => new Date(now), newestBelievable: () => new Date(now + dayMs) };
    const parts = { store, eventDays: 30, routineEventDays: 10, clock, log, everyMs: 0, pauseMs: 0 };
    assert.equal(await createEventRetention(parts).sweep(), 3, 'those of the first year');
    const left = (await store.listReportingEvents({ limit: 100 })).map(({ receivedAt }) => receivedAt.getTime());
    const pings = (await store.listSelfUpdateEvents({ limit: 100 })).map(({ receivedAt }) => receivedAt.getTime());
    const expected = [now, now - 100 * dayMs, now - tenYears, now - dayMs, start - tenYears];
    assert.deepEqual([...new Set(left)], expected);
    assert.deepEqual(pings, expected);
  });
}

it('a clock that jumps ten years ahead deletes nothing, and neither does a start under it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'moult-retention-'));
  const store = await openStore(':memory:', { now: () => new Date(start) });
  let now = programDate.getTime() + 30 * dayMs;
  const open = () =>
    openServerClock({ dataDir, now: () => new Date(now), programDate, log, everyMs: 0, monotonicMs: () => 0 });
  const clock = open();
  clock.learn(undefined);
  await store.recordReportingEvents([event(1, 147), event(2, 183)], new Date(now));
  now += 3652 * dayMs;
  const parts = { store, eventDays: 90, routineEventDays: 14, log, everyMs: 0, pauseMs: 0 };
  assert.equal(await createEventRetention({ ...parts, clock }).sweep(), 0);
  clock.close();
  const next = open();
  next.learn(await store.loadNewestTime());
  assert.equal(await createEventRetention({ ...parts, clock: next }).sweep(), 0);
  assert.equal((await store.listReportingEvents({ limit: 10 })).length, 2);
  await store.close();
  rmSync(dataDir, { recursive: true });
});
