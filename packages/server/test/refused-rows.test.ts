// One row that the database refuses never holds up the rest, and a write whose fate is unknown counts once.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { openServerStore, type ReportedEvent, type SelfUpdateEvent, type ServerStore } from '../../store/src/index.ts';
import { type CutOffProxy, startCutOffProxy } from '../../store/test/cut-off-proxy.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { createPingRecorder, type PingRecorderParts } from '../src/sites/self-update/ping-recorder.ts';

const at = new Date('2026-11-22T12:00:00Z');
const now = () => at;

const event = (number: number, more: Partial<ReportedEvent> = {}): ReportedEvent => ({
  ...{ instanceId: `event-${number}`, computerId: 'e1da06a3-5601-43c9-bac3-52d5db701494', timeAtTarget: at },
  ...{ namespaceId: 1, eventNumber: 147, sourceId: 101, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
  ...{ appName: '€', replacementStrings: [], miscData: [] },
  ...more,
});
const ping = (number: number, more: Partial<SelfUpdateEvent> = {}): SelfUpdateEvent => ({
  ...{ receivedAt: at, occurredAt: at, computerId: undefined, address: '192.0.2.7', userAgent: '', component: 'au' },
  ...{ activity: 'w', item: `ping-${number}`, device: '', platform: '', language: '', status: 's' },
  ...{ resultCode: '00000000', message: '€', agentGeneration: undefined, agentVersion: undefined },
  ...more,
});
/** No number, so it fits into no column of either engine. */
const never = new Date(Number.NaN);

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`rows that the database refuses (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let store: ServerStore;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());
    beforeEach(async () => {
      store = openServerStore((await postgres?.createDatabase()) ?? ':memory:', { now });
      await store.prepare();
    });
    afterEach(() => store.close());

    const eventsKept = async () =>
      (await store.listReportingEvents({ limit: 1000 })).map(({ instanceId }) => instanceId).sort();
    const pingsKept = async () => (await store.listSelfUpdateEvents({ limit: 1000 })).map(({ item }) => item).sort();

    it('reports: the refused one is answered, all the others are kept, at any place and in any number', async () => {
      const bad = new Set([0, 7, 8, 49]);
      const events = Array.from({ length: 50 }, (_, number) =>
        event(number, bad.has(number) ? { timeAtTarget: never } : {}),
      );
      const refused = await store.recordReportingEvents(events, at);
      assert.deepEqual(
        refused.map(({ row }) => row.instanceId),
        [...bad].map((number) => `event-${number}`),
      );
      const good = events.filter((_, number) => !bad.has(number)).map(({ instanceId }) => instanceId);
      assert.deepEqual(await eventsKept(), good.sort());
      // And once more: nothing counts twice.
      await store.recordReportingEvents(events, at);
      assert.deepEqual(await eventsKept(), good.sort());
    });

    it('pings: the refused one is counted and said once, all the others are kept', async () => {
      const troubles: string[] = [];
      const recorder = createPingRecorder({
        store: spoiling(store, (item) => item === 'ping-13' || item === 'ping-40'),
        admission: { admit: () => true },
        onTrouble: (message) => troubles.push(message),
        now,
      });
      for (let number = 0; number < 60; number++) recorder.take(exchangeOf(`ping-${number}`));
      await recorder.close();
      const kept = await pingsKept();
      assert.equal(kept.length, 58);
      assert.ok(!kept.includes('ping-13') && !kept.includes('ping-40'));
      assert.equal((await store.loadCounters()).get('refused-pings'), 2);
      assert.deepEqual(troubles, ['The database refuses a status ping; such pings are counted and not kept.']);
    });

    it('a mark counts once, and a later one counts again', async () => {
      const mark = { writer: 'a', number: 10 };
      await store.recordSelfUpdateEvents([ping(1)], mark);
      await store.recordSelfUpdateEvents([ping(1)], mark);
      await store.recordSelfUpdateEvents([ping(2)], { writer: 'a', number: 9 });
      await store.recordSelfUpdateEvents([ping(3)], { writer: 'a', number: 11 });
      await store.recordSelfUpdateEvents([ping(4)], { writer: 'b', number: 10 });
      assert.deepEqual(await pingsKept(), ['ping-1', 'ping-3', 'ping-4']);
      await store.forgetWriteMarks(11);
      assert.deepEqual(
        [...(await store.loadCounters()).keys()].filter((name) => name.startsWith('stored-pings:')),
        ['stored-pings:a'],
      );
    });
  });
}

describe('a connection that is lost during a commit', () => {
  let postgres: TestPostgres;
  let proxy: CutOffProxy;
  let store: ServerStore;
  before(async () => {
    postgres = await startPostgres();
    proxy = await startCutOffProxy(postgres.port);
  });
  after(async () => {
    await proxy?.stop();
    await postgres?.stop();
  });
  beforeEach(async () => {
    const address = (await postgres.createDatabase()).replace(`:${postgres.port}/`, `:${proxy.port}/`);
    store = openServerStore(address, { now, limits: { pausesMs: [20, 100] } });
    await store.prepare();
  });
  afterEach(() => store.close());

  it('reports are not acknowledged, are there, and count once when the client sends them again', async () => {
    const events = [event(1), event(2)];
    proxy.loseAnswerTo('commit');
    await assert.rejects(store.recordReportingEvents(events, at), { code: 'SERVER_DATABASE_AWAY' });
    assert.equal((await store.listReportingEvents({ limit: 10 })).length, 2, 'it was committed all the same');
    await store.recordReportingEvents(events, at);
    assert.equal((await store.listReportingEvents({ limit: 10 })).length, 2);
  });

  it('pings count once, though their batch is tried again', async () => {
    const recorder = createPingRecorder({
      store,
      admission: { admit: () => true },
      onTrouble: () => undefined,
      limits: { maxWaiting: 100, batch: 10, flushMs: 10 },
      now,
    });
    for (let number = 0; number < 25; number++) recorder.take(exchangeOf(`ping-${number}`));
    proxy.loseAnswerTo('commit');
    for (let attempt = 0; attempt < 200; attempt++) {
      const kept = await store.listSelfUpdateEvents({ limit: 1000 });
      if (kept.length >= 25) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await recorder.close();
    const kept = (await store.listSelfUpdateEvents({ limit: 1000 })).map(({ item }) => item);
    assert.deepEqual([kept.length, new Set(kept).size], [25, 25]);
  });
});

function exchangeOf(item: string) {
  const query = `U=e1da06a3560143c9bac352d5db701494&A=w&S=s&E=0&I=${item}`;
  const exchange = { request: { headers: {}, socket: {} }, query, receivedAt: at };
  return exchange as unknown as Parameters<ReturnType<typeof createPingRecorder>['take']>[0];
}

/** The store with a column that does not fit for some pings: what is checked at the door never gets so far. */
function spoiling(store: ServerStore, isBad: (item: string) => boolean): PingRecorderParts['store'] {
  return {
    ...store,
    recordSelfUpdateEvents: (events, mark) =>
      store.recordSelfUpdateEvents(
        events.map((one) => (isBad(one.item) ? { ...one, occurredAt: never } : one)),
        mark,
      ),
  };
}
