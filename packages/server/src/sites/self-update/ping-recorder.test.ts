import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SelfUpdateEvent } from '../../../../store/src/index.ts';
import { createPingRecorder, type PingRecorder, type PingRecorderParts } from './ping-recorder.ts';
import { eventually } from './test/running-site.ts';

const receivedAt = new Date('2026-11-22T12:00:00Z');
const exchange = (index: number, query = `U=${String(index).padStart(32, '0')}&A=d`) =>
  ({ request: { headers: {}, socket: {} }, query, receivedAt }) as unknown as Parameters<PingRecorder['take']>[0];
const limits = { maxWaiting: 100, batch: 10, flushMs: 5 };

type Admit = PingRecorderParts['admission']['admit'];

function recording({ admit = () => true, known = [] }: { admit?: Admit; known?: string[] } = {}) {
  const events: SelfUpdateEvent[] = [];
  const counters: Record<string, number> = {};
  const troubles: string[] = [];
  const state = { isBroken: false, batches: 0 };
  const pings = createPingRecorder({
    limits,
    onTrouble: (message) => troubles.push(message),
    admission: { admit },
    store: {
      forgetWriteMarks: async () => undefined,
      listKnownIds: async (ids) => new Set(ids.filter((id) => known.includes(id))),
      async recordSelfUpdateEvents(batch) {
        if (state.isBroken) throw new Error('database is locked');
        state.batches++;
        events.push(...batch);
      },
      async addToCounters(amounts) {
        for (const [name, value] of Object.entries(amounts)) counters[name] = (counters[name] ?? 0) + value;
      },
    },
  });
  return { pings, events, counters, troubles, state };
}

test('pings are stored in batches, in order, and what waits at the end too', async () => {
  const { pings, events, state } = recording();
  for (let index = 0; index < 95; index++) pings.take(exchange(index));
  assert.equal(events.length, 0);
  await pings.close();
  assert.equal(events.length, 95);
  assert.equal(state.batches, 10);
  assert.deepEqual(
    events.map(({ computerId }) => Number(computerId?.slice(-4))),
    Array.from(events, (_, index) => index),
  );
});

test('beyond the bound pings are dropped and counted', async () => {
  const { pings, events, counters } = recording();
  for (let index = 0; index < 130; index++) pings.take(exchange(index));
  for (let index = 0; index < 3; index++) pings.take(exchange(0, 'junk'));
  pings.countOversized();
  await pings.close();
  assert.equal(events.length, 100);
  assert.deepEqual(counters, { 'dropped-pings': 30, 'malformed-pings': 4 });
});

test('a store that fails loses nothing for a while, and is spoken of once', async () => {
  const { pings, events, counters, troubles, state } = recording();
  state.isBroken = true;
  for (let index = 0; index < 40; index++) pings.take(exchange(index));
  pings.take(exchange(0, 'junk'));
  assert.ok(await eventually(() => troubles.length === 1));
  await new Promise((resolve) => setTimeout(resolve, 120));
  assert.equal(troubles.length, 1);
  state.isBroken = false;
  assert.ok(await eventually(() => events.length === 40));
  assert.ok(await eventually(() => troubles.length === 2));
  await pings.close();
  assert.deepEqual(counters, { 'malformed-pings': 1 });
  assert.deepEqual(new Set(events.map(({ computerId }) => computerId)).size, 40);
});

test('an address that pings too much is not kept, and its strangers count as new computers', async () => {
  const left = { ping: 50, 'new-computer': 5 } as Record<string, number>;
  const admit: Admit = (what) => {
    left[what] = (left[what] ?? 0) - 1;
    return (left[what] ?? 0) >= 0;
  };
  const known = Array.from({ length: 10 }, (_, index) => `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`);
  const { pings, events, counters } = recording({ admit, known });
  for (let index = 0; index < 60; index++) pings.take(exchange(index));
  await pings.close();
  assert.equal(events.length, 10 + 5);
  assert.deepEqual(counters, { 'dropped-pings': 10 + 35 });
});

test('a stranger that was let in stays so while the store fails', async () => {
  let left = 40;
  const { pings, events, state } = recording({ admit: (what) => what === 'ping' || left-- > 0 });
  state.isBroken = true;
  for (let index = 0; index < 10; index++) pings.take(exchange(index));
  await new Promise((resolve) => setTimeout(resolve, 300));
  state.isBroken = false;
  assert.ok(await eventually(() => events.length === 10));
  await pings.close();
});

test('pings that are stored are not stored again when their counters cannot be', async () => {
  const stored: SelfUpdateEvent[] = [];
  let isFull = true;
  const pings = createPingRecorder({
    limits,
    onTrouble: () => undefined,
    admission: { admit: () => true },
    store: {
      forgetWriteMarks: async () => undefined,
      listKnownIds: async (ids) => new Set(ids),
      recordSelfUpdateEvents: async (batch) => void stored.push(...batch),
      async addToCounters() {
        if (isFull) throw new Error('the disk became full in between');
      },
    },
  });
  pings.take(exchange(1));
  await eventually(() => stored.length > 0);
  await pings.close();
  isFull = false;
  pings.take(exchange(2));
  await pings.close();
  assert.equal(stored.length, 2);
});

test('pings that could not be stored before the end are told', async () => {
  const { pings, troubles, state } = recording();
  state.isBroken = true;
  pings.take(exchange(1));
  await pings.close();
  assert.match(troubles.at(-1) ?? '', /^1 status pings were not stored/);
});
