import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callBounds } from '../../bounds.ts';
import { createCallGate } from './call-gate.ts';

const forEver = 3_600_000;

/** Work that goes on until it is told to end. */
function slowWork(): { run: () => Promise<string>; end: () => void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { run: () => promise, end: () => resolve('done') };
}

describe('the gate of the web services', () => {
  it('lets so many in, keeps so many waiting in their order, and refuses the rest at once', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 2, maxWaitMs: forEver });
    const first = slowWork();
    const order: string[] = [];
    const call = (name: string) =>
      gate.enter(
        async () => {
          order.push(name);
          return name;
        },
        () => 'refused',
      );
    const working = gate.enter(first.run, () => 'refused');
    const waiting = [call('second'), call('third')];
    assert.equal(await call('fourth'), 'refused');
    assert.deepEqual([gate.inFlight, gate.waiting], [1, 2]);
    first.end();
    assert.deepEqual(await Promise.all([working, ...waiting]), ['done', 'second', 'third']);
    assert.deepEqual(order, ['second', 'third']);
    assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
  });

  it('refuses a call whose turn does not come in time, and does not give it a turn later', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 2, maxWaitMs: 10 });
    const first = slowWork();
    const working = gate.enter(first.run, () => 'refused');
    let ran = false;
    const answer = await gate.enter(
      async () => {
        ran = true;
        return 'ran';
      },
      () => 'refused',
    );
    assert.equal(answer, 'refused');
    first.end();
    await working;
    assert.equal(ran, false);
    assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
  });

  it('gives the place on when work fails', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 1, maxWaitMs: forEver });
    await assert.rejects(
      gate.enter(
        () => Promise.reject(new Error('broken')),
        () => undefined,
      ),
      /broken/,
    );
    assert.equal(
      await gate.enter(
        async () => 'next',
        () => 'refused',
      ),
      'next',
    );
  });

  it('gives lanes their turns: a flood in one does not make another wait', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 1000, maxWaitMs: forEver });
    const first = slowWork();
    const order: string[] = [];
    const call = (lane: string) => gate.enter(async () => order.push(lane), refused, { lane, bytes: 100 });
    const working = gate.enter(first.run, refused);
    const calls = Array.from({ length: 500 }, () => call('flood'));
    calls.push(call('honest'), call('honest'));
    first.end();
    await Promise.all([working, ...calls]);
    const places = order.flatMap((lane, at) => (lane === 'honest' ? [at] : []));
    assert.ok(places.length === 2 && places.every((place) => place < 6), `honest at ${places}`);
    assert.equal(gate.waiting, 0);
  });

  it('takes turns by size: large calls of one lane do not make small ones of another wait', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 1000, maxWaitMs: forEver });
    const first = slowWork();
    const order: string[] = [];
    const call = (lane: string, bytes: number) => gate.enter(async () => order.push(lane), refused, { lane, bytes });
    const working = gate.enter(first.run, refused);
    const large = Array.from({ length: 10 }, () => call('large', 20 * callBounds.smallBytes));
    const small = Array.from({ length: 20 }, () => call('small', 100));
    first.end();
    await Promise.all([working, ...large, ...small]);
    assert.ok(order.lastIndexOf('small') < 22, `the last small one is at ${order.lastIndexOf('small')}`);
  });

  it('when nobody else may wait, the longest lane gives a place to a shorter one', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 10, maxWaitMs: forEver });
    const first = slowWork();
    const call = (lane: string) => gate.enter(async () => lane, refused, { lane, bytes: 1 });
    const working = gate.enter(first.run, refused);
    const flood = Array.from({ length: 20 }, () => call('flood'));
    assert.deepEqual([gate.hasRoom('flood'), gate.hasRoom('honest')], [false, true]);
    const honest = call('honest');
    first.end();
    assert.equal(await honest, 'honest');
    const answers = await Promise.all(flood);
    assert.equal(answers.filter((answer) => answer === 'flood').length, 9);
    await working;
    assert.deepEqual([gate.inFlight, gate.waiting], [0, 0]);
  });

  it('large calls begin in different turns of the event loop', async () => {
    const gate = createCallGate({ maxInFlight: 100, maxWaiting: 100, maxWaitMs: forEver });
    let turn = 0;
    const turns: number[] = [];
    const count = () => {
      turn++;
      if (turns.length < 5) setImmediate(count);
    };
    setImmediate(count);
    const large = { lane: 'a', bytes: callBounds.smallBytes + 1 };
    await Promise.all(Array.from({ length: 5 }, () => gate.enter(async () => turns.push(turn), refused, large)));
    assert.equal(new Set(turns).size, 5, `turns ${turns}`);
  });

  it('a gate that rests leaves its place empty for as long as the call took', async () => {
    const gate = createCallGate({ maxInFlight: 1, maxWaiting: 10, maxWaitMs: forEver, rests: true });
    const begun = performance.now();
    const tookMs = 40;
    await gate.enter(() => new Promise((resolve) => setTimeout(resolve, tookMs)), refused);
    await gate.enter(async () => undefined, refused);
    assert.ok(performance.now() - begun >= 2 * tookMs - 2);
  });
});

const refused = () => 'refused' as never;
