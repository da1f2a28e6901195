import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UpdateId } from '../ids.ts';
import { placeOf } from '../rings/index.ts';
import { type EmergencyStop, HoldIndex, type ResolvedHold } from './index.ts';

const update = '00000000-0000-4000-8000-000000000001' as UpdateId;
const now = new Date('2026-12-01T12:00:00Z');
const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000);

function hold(condition: Partial<ResolvedHold['condition']> = {}, more: Partial<ResolvedHold> = {}): ResolvedHold {
  return {
    ...{ holdId: 'one', effect: 'hold', says: 'Screens stay black', heldUpdates: [update] },
    condition: { articles: [], updates: [update], ...condition },
    ...more,
  };
}

const isHeld = (one: ResolvedHold, facts: Parameters<HoldIndex['for']>[0], at = now) =>
  new HoldIndex([one], undefined).for(facts, at).updates.has(update);

test('a hold looks at the build, as far as its bound goes, and at manufacturer and model', () => {
  const builds = hold({ buildFrom: '10.0.19041', buildTo: '10.0.19045' });
  for (const [osVersion, held] of [
    ['10.0.19045.4046', true],
    ['10.0.19046', false],
    ['10.0.9200', false],
    ['10.0.19041', true],
  ] as const)
    assert.equal(isHeld(builds, { osVersion }), held, osVersion);
  const machines = hold({ manufacturer: 'example*', model: '*Book*13' });
  assert.ok(isHeld(machines, { manufacturer: 'EXAMPLE Inc.', model: 'MyBook 13' }));
  assert.ok(!isHeld(machines, { manufacturer: 'Example', model: 'MyBook 14' }));
  assert.ok(!isHeld(machines, { manufacturer: 'Another', model: 'MyBook 13' }));
  assert.ok(!isHeld(hold({ model: 'a*a' }), { model: 'a' }), 'parts of a pattern do not overlap');
});

test('a fact that is not known keeps the update back', () => {
  assert.ok(isHeld(hold({ buildFrom: '10.0.19041', model: 'Book' }), {}));
});

test('holds and the stop end by themselves, also for a clock that goes back', () => {
  const stop: EmergencyStop = {
    ...{ says: 'All', until: later(2), by: 'anna', since: now, needsTwo: false },
  };
  const index = new HoldIndex([hold({}, { endsAt: later(1) })], stop);
  const at = (hours: number) => {
    const { stop: stopped, updates, fingerprint } = index.for({}, later(hours));
    return [stopped !== undefined, updates.size, fingerprint !== ''];
  };
  assert.deepEqual(at(0), [true, 1, true]);
  assert.deepEqual(at(1), [true, 0, true]);
  assert.deepEqual(at(2), [false, 0, false]);
  assert.deepEqual(at(0), [true, 1, true], 'the clock went back');
});

test('the fingerprint is that of what is kept, so that clients are told again when it changes', () => {
  const of = (...holds: ResolvedHold[]) => new HoldIndex(holds, undefined).for({}, now).fingerprint;
  assert.equal(of(), '');
  assert.equal(of(hold({}, { effect: 'advise' })), '', 'an advice changes nothing for the computer');
  assert.equal(of(hold()), of(hold({}, { holdId: 'two' }), hold()));
  const other = '00000000-0000-4000-8000-000000000002' as UpdateId;
  assert.notEqual(of(hold()), of(hold({}, { heldUpdates: [update, other] })));
});

test('rings of percentages keep an update from the computers beyond them, and only these are told again', () => {
  const share = (reachedPercent: number) => ({ updateId: update, rolloutId: 'one', rings: 'Standard', reachedPercent });
  const ids = Array.from({ length: 400 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
  const at = (...reached: number[]) => {
    const index = new HoldIndex([], undefined, reached.map(share));
    return ids.map((computerId) => index.for({ computerId }, now));
  };
  const isBeyond = (percent: number) => at(percent).map(({ rings }) => rings.has(update));
  assert.deepEqual(
    isBeyond(5),
    ids.map((id) => placeOf(id) >= 5),
  );
  const [five, thirty] = [at(5), at(30)];
  for (const [index, { fingerprint }] of five.entries()) {
    const place = placeOf(ids[index] ?? '');
    assert.equal(fingerprint !== '', place >= 5);
    assert.equal(fingerprint !== thirty[index]?.fingerprint, place >= 5 && place < 30, `${place}`);
  }
  assert.ok(new HoldIndex([], undefined, [share(99)]).for({}, now).rings.has(update), 'a computer without an id waits');
});

test('computers that invent what they are fill no memory', () => {
  const index = new HoldIndex([hold()], undefined);
  for (let at = 0; at < 5000; at++) index.for({ model: `Model ${at}` }, now);
  assert.equal(index.for({ model: 'Model 1' }, now).updates.size, 1);
});
