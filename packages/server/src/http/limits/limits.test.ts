import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import pino from 'pino';
import { rateBounds } from '../../bounds.ts';
import { addressKey } from './address-key.ts';
import { createAdmission } from './admission.ts';
import { createRate } from './rate.ts';
import { createRecentUse } from './recent-use.ts';
import { createTokenBuckets } from './token-buckets.ts';

const perMinute = { perSecond: 1, burst: 60 };

test('an address is itself, and an IPv6 address is its /64', () => {
  assert.equal(addressKey('10.0.0.5'), '10.0.0.5');
  assert.equal(addressKey('::ffff:10.0.0.5'), '10.0.0.5');
  assert.equal(addressKey('::FFFF:10.0.0.5'), '10.0.0.5');
  assert.equal(addressKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(addressKey('2001:db8:1:2::1'), addressKey('2001:DB8:0001:2:ffff::'));
  assert.notEqual(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  assert.equal(addressKey('fe80::1%eth0'), addressKey('fe80::2%eth1'));
  assert.equal(addressKey('::1'), '0:0:0:0::/64');
  assert.equal(addressKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(addressKey('1::'), '1:0:0:0::/64');
  assert.equal(addressKey(undefined), '');
});

test('a bucket gives what it holds, refuses the rest, and fills again with time', () => {
  let now = 0;
  const buckets = createTokenBuckets({ ...perMinute, mostKeys: 10, now: () => now });
  const taken = () => Array.from({ length: 100 }, () => buckets.take('a', 1)).filter(Boolean).length;
  assert.equal(taken(), 60);
  now += 5_000;
  assert.equal(taken(), 5);
  now += 3_600_000;
  assert.equal(taken(), 60, 'never more than the burst');
  assert.ok(buckets.take('b', 1), 'another key has a bucket of its own');
});

test('what is larger than a bucket passes once it is full, and is paid off', () => {
  let now = 0;
  const buckets = createTokenBuckets({ ...perMinute, mostKeys: 10, now: () => now });
  assert.ok(buckets.take('a', 90));
  now += 30_000;
  assert.equal(buckets.take('a', 1), false, 'the level is just 0 again');
  now += 1_000;
  assert.ok(buckets.take('a', 1));
});

test('a flood of keys neither grows the table nor refills the bucket of another', () => {
  const buckets = createTokenBuckets({ ...perMinute, mostKeys: 100, now: () => 0 });
  for (let time = 0; time < 60; time++) buckets.take('victim', 1);
  let passed = 0;
  for (let key = 0; key < 100_000; key++) if (buckets.take(`k${key}`, 1)) passed++;
  assert.ok(buckets.size <= 101, `${buckets.size} keys`);
  assert.equal(buckets.take('victim', 1), false, 'the empty bucket is still known');
  assert.equal(passed, 99 + 60, 'keys beyond the table share one bucket');
});

test('a table in use makes room as soon as a bucket in it is full again', () => {
  let now = 0;
  const buckets = createTokenBuckets({ ...perMinute, mostKeys: 2, now: () => now });
  for (const key of ['a', 'b']) buckets.take(key, 1);
  now += 1_000;
  for (let time = 0; time < 60; time++) buckets.take('c', 1);
  assert.equal(buckets.take('c', 1), false);
  assert.ok(buckets.size <= 2);
});

test('whatever is taken and when, no more passes than burst and rate allow, of an own bucket and the shared one', () => {
  const steps = fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 1, max: 60 }), fc.constantFrom('a', 'b', 'c')));
  fc.assert(
    fc.property(steps, (taken) => {
      let now = 0;
      const buckets = createTokenBuckets({ ...perMinute, mostKeys: 2, now: () => now });
      const passed = new Map<string, number>();
      for (const [pauseMs, amount, key] of taken) {
        now += pauseMs;
        if (buckets.take(key, amount)) passed.set(key, (passed.get(key) ?? 0) + amount);
      }
      for (const amount of passed.values()) assert.ok(amount <= 2 * (60 + now / 1000) + 1e-6);
    }),
  );
});

test('one address may not use up what is there for all', () => {
  const rate = createRate({ perSecond: 1, now: () => 0 });
  const taken = (address: string) => Array.from({ length: 1000 }, () => rate.take(address)).filter(Boolean).length;
  assert.equal(taken('10.0.0.1'), rateBounds.burstSeconds);
  const second = taken('10.0.0.2');
  assert.ok(
    second >= rateBounds.burstSeconds / rateBounds.totalFactor && second < rateBounds.burstSeconds,
    'the last quarter is kept',
  );
  assert.ok(taken('10.0.0.3') > 0, 'for one that took little');
});

test('few or many addresses that take all they can do not shut out one that takes little', () => {
  for (const hostile of [2, 3, 4, 10, 100, 256]) {
    let now = 0;
    const rate = createRate({ perSecond: 100, now: () => now });
    let passed = 0;
    let asked = 0;
    for (; now < 600_000; now += 250) {
      // All that there is, and before anybody else: at each moment a hostile address asks until it is refused.
      for (let one = 0; one < hostile; one++) for (let most = 0; most < 1000 && rate.take(`10.0.0.${one}`); most++);
      if (now < 60_000 || now % 10_000 !== 0) continue;
      asked++;
      if (rate.take('192.0.2.1')) passed++;
    }
    assert.equal(passed, asked, `${hostile} hostile addresses`);
  }
});

test('a flood of addresses neither grows the table of recent use nor makes it forget one that counts', () => {
  let now = 0;
  const uses = createRecentUse({ fadesMs: 1000, leastCounted: 1, mostKeys: 100, now: () => now });
  uses.add('victim', 50);
  for (let key = 0; key < 100_000; key++) uses.add(`k${key}`, 2);
  assert.ok(uses.size <= 101, `${uses.size} keys`);
  assert.equal(uses.of('victim'), 50);
  assert.ok(uses.of('another') > 2, 'addresses beyond the table are counted as one');
  now += 10_000;
  uses.add('another', 3);
  assert.equal(uses.of('another'), 3, 'what counts no more makes room');
});

test('0 is no bound', () => {
  const rate = createRate({ perSecond: 0 });
  assert.ok(Array.from({ length: 10_000 }, () => rate.take('a')).every(Boolean));
});

test('what is held back is counted and said once, not once a request', async () => {
  const lines: { what?: string; count?: number; lastAddress?: string }[] = [];
  const counted: Record<string, number>[] = [];
  const admission = createAdmission({
    perSecond: {
      ...{ 'new-computer': 1, 'new-name': 1, ping: 1 },
      ...{ 'report-bytes': 1, 'refusal-line': 1, 'access-log-bytes': 1, 'targeting-record': 1 },
    },
    store: { addToCounters: async (amounts) => void counted.push({ ...amounts }) },
    log: pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
    now: () => 0,
  });
  const passed = Array.from({ length: 1000 }, () => admission.admit('new-computer', '::ffff:10.0.0.5')).filter(Boolean);
  assert.equal(passed.length, rateBounds.burstSeconds);
  assert.ok(admission.admit('ping', '10.0.0.5'), 'another kind has rates of its own');
  await admission.close();
  assert.deepEqual(counted, [{ 'held-back:new-computer': 940 }]);
  assert.deepEqual(
    lines.map(({ what, count, lastAddress }) => [what, count, lastAddress]),
    [['new-computer', 940, '10.0.0.5']],
  );
});

test('large amounts leave half of a rate to small ones', () => {
  const rate = createRate({ perSecond: 10, largeAmount: 5, now: () => 0 });
  const taken = (amount: number) => Array.from({ length: 100 }, () => rate.take('a', amount)).filter(Boolean).length;
  assert.equal(taken(50), 7, '600, and nothing large once less than 300 are left');
  assert.equal(taken(1), 100);
});

test('counts that cannot be written are written with the next ones', async () => {
  const counted: Record<string, number>[] = [];
  let isFull = true;
  const admission = createAdmission({
    perSecond: {
      ...{ 'new-computer': 1, 'new-name': 1, ping: 1 },
      ...{ 'report-bytes': 1, 'refusal-line': 1, 'access-log-bytes': 1, 'targeting-record': 1 },
    },
    store: {
      async addToCounters(amounts) {
        if (isFull) throw new Error('the disk is full');
        counted.push({ ...amounts });
      },
    },
    log: pino({ level: 'silent' }),
    now: () => 0,
  });
  const holdOneBack = () => assert.equal(admission.admit('ping', '10.0.0.1'), false);
  for (let at = 0; at < rateBounds.burstSeconds; at++) admission.admit('ping', '10.0.0.1');
  holdOneBack();
  await admission.close();
  isFull = false;
  holdOneBack();
  await admission.close();
  holdOneBack();
  await admission.close();
  assert.deepEqual(counted, [{ 'held-back:ping': 2 }, { 'held-back:ping': 1 }]);
});
