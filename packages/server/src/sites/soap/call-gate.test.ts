import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
});
