import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import pino from 'pino';
import { openStore, type ReportedEvent, type Store } from '../../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { createComputerEvents } from '../http/limits/computer-events.ts';
import { createEventBounds, type EventBoundsParts } from './event-bounds.ts';

const at = new Date('2026-01-01T00:00:00Z');
const log = pino({ level: 'silent' });
const [routine, installation] = [147, 183];
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
const large = Number.MAX_SAFE_INTEGER;

let number = 0;
function event(eventNumber: number, { bytes = 0, of = computerId } = {}): ReportedEvent {
  return {
    instanceId: `e0000000-0000-4000-8000-${String(number++).padStart(12, '0')}`,
    ...{ computerId: of, timeAtTarget: at, namespaceId: 1, eventNumber, sourceId: 101, updateId: undefined },
    ...{ revisionNumber: 0, win32HResult: 0, appName: '', replacementStrings: ['x'.repeat(bytes)], miscData: [] },
  };
}
const events = (count: number, eventNumber: number, options = {}) =>
  Array.from({ length: count }, () => event(eventNumber, options));

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`bounds of what is reported (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let folder = '';
    let store: Store;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'moult-bounds-'));
      const address = (await postgres?.createDatabase()) ?? join(folder, 'moult.sqlite');
      store = await openStore(address, { now: () => at });
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });
    after(() => postgres?.stop());

    const bounds = (parts: Partial<EventBoundsParts>) =>
      createEventBounds({
        ...{ store, maxEvents: large, maxEventBytes: large, maxPings: large, log },
        ...{ everyMs: 0, pauseMs: 0, eventsPerStep: 7 },
        ...parts,
      });
    const kept = async () => {
      const numbers = (await store.listReportingEvents({ limit: 100_000 })).map(({ eventNumber }) => eventNumber);
      return [routine, installation].map((wanted) => numbers.filter((one) => one === wanted).length);
    };

    it('beyond their number the oldest routine ones go first, and then the oldest', async () => {
      for (let day = 0; day < 10; day++) {
        await store.recordReportingEvents([...events(10, routine), ...events(10, installation)], at);
      }
      assert.equal(await bounds({ maxEvents: 200 }).sweep(), 0);
      const sweeper = bounds({ maxEvents: 160 });
      const gone = await sweeper.sweep();
      assert.ok(gone >= 48 && gone < 48 + 7, `${gone} gone`);
      assert.deepEqual(await kept(), [100 - gone, 100]);
      await bounds({ maxEvents: 60 }).sweep();
      const [routineLeft = 0, installationsLeft = 0] = await kept();
      assert.equal(routineLeft, 0);
      assert.ok(installationsLeft <= 57 && installationsLeft > 50, `${installationsLeft} left`);
      const oldest = (await store.listReportingEvents({ limit: 1000 })).at(-1)?.instanceId;
      await store.recordReportingEvents(events(100, routine), at);
      await sweeper.sweep();
      assert.equal((await store.listReportingEvents({ limit: 1000 })).at(-1)?.instanceId, oldest);
    });

    it('their size counts like their number', async () => {
      await store.recordReportingEvents(events(100, installation, { bytes: 10_000 }), at);
      await store.recordReportingEvents(events(100, installation), at);
      assert.equal(await bounds({ maxEventBytes: 1_200_000 }).sweep(), 0);
      const gone = await bounds({ maxEventBytes: 500_000 }).sweep();
      assert.ok(gone >= 50 && gone < 70, `${gone} gone`);
      assert.deepEqual(await kept(), [0, 200 - gone]);
    });

    it('are measured by samples of all of them, wherever the large ones are', async () => {
      for (let batch = 0; batch < 40; batch++) {
        await store.recordReportingEvents(events(100, installation, { bytes: batch < 10 ? 2000 : 0 }), at);
      }
      const sample = { samples: 40, eventsPerSample: 10, random: Math.random };
      const { events: counted, bytes } = await store.estimateEvents('reporting_events', sample);
      assert.equal(counted, 4000);
      const real = 4000 * 268 + 1000 * 2000;
      assert.ok(Math.abs(bytes - real) < real * 0.15, `${bytes} for about ${real}`);
      const exact = await store.estimateEvents('reporting_events', { ...sample, samples: 1000 });
      assert.equal(exact.events, 4000);
      const nothing = await store.estimateEvents('self_update_events', sample);
      assert.deepEqual(nothing, { events: 0, bytes: 0 });
    });

    it('of pings the oldest go', async () => {
      const ping = (index: number) => ({
        ...{ receivedAt: at, occurredAt: at, computerId: undefined, address: '', userAgent: '', component: 'au' },
        ...{ activity: 'd', item: String(index), device: '', platform: '', language: '', status: 's' },
        ...{ resultCode: '00000000', message: '', agentGeneration: undefined, agentVersion: undefined },
      });
      await store.recordSelfUpdateEvents(Array.from({ length: 100 }, (_, index) => ping(index)));
      await bounds({ maxPings: 50 }).sweep();
      const items = (await store.listSelfUpdateEvents({ limit: 1000 })).map(({ item }) => Number(item));
      assert.ok(items.length <= 48 && items.length > 40, `${items.length} left`);
      assert.ok(items.every((item) => item >= 50));
    });

    it('one computer keeps its newest, and does not push out those of another', async () => {
      const other = '11111111-5601-43c9-bac3-52d5db701494';
      await store.recordReportingEvents(events(5, installation, { of: other }), at);
      const trimming = createComputerEvents({ store, maxEvents: 50, log, random: () => 0 });
      for (let batch = 0; batch < 10; batch++) {
        await store.recordReportingEvents(events(20, installation), at);
        trimming.note(computerId, { events: 20, bytes: 0 });
        await trimming.close();
      }
      assert.equal((await store.listReportingEvents({ computerId, limit: 1000 })).length, 50);
      assert.equal((await store.listReportingEvents({ computerId: other, limit: 1000 })).length, 5);
      assert.equal(await store.trimEventsOf(computerId, { events: 100, bytes: 268 * 10 }), 40, 'by size too');
    });

    it('a computer that reports little is hardly ever looked up', async () => {
      let lookedUp = 0;
      const counting = { trimEventsOf: async () => lookedUp++ };
      const trimming = createComputerEvents({ store: counting, maxEvents: 10_000, log });
      for (let report = 0; report < 1000; report++) {
        trimming.note(computerId, { events: 2, bytes: 10_000 });
        await trimming.close();
      }
      assert.ok(lookedUp < 40, `${lookedUp} times`);
    });
  });
}
