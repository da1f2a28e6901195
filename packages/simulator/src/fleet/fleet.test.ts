// A sample of the seeds; `npm run bench -- rings` runs all. TEST_SEED=… takes another one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFleet, scenarios } from './index.ts';

const seed = Number(process.env.TEST_SEED ?? 1);

for (const { name, options, mustHalt } of scenarios) {
  test(`${name}: ${mustHalt ? 'halted before the third ring' : 'no false halt'}`, () => {
    const { state, transitions, reached, notReturned } = runFleet({ ...options, seed });
    const halt = transitions.find(({ action }) => action === 'halt');
    if (!mustHalt) {
      assert.deepEqual([state.status, halt], ['finished', undefined]);
      return;
    }
    assert.ok(halt, 'it was halted');
    assert.ok(halt.fromRing < 2 && reached[2] === 0, `the third ring was offered it: ${reached}`);
    if (options.kind === 'release') assert.equal(notReturned, 0, 'all returned after the recall');
  });
}

test('the same seed gives the same fleet', () => {
  const [scenario] = scenarios;
  assert.ok(scenario);
  const options = { ...scenario.options, computers: 500, days: 20, seed };
  assert.deepEqual(runFleet(options), runFleet(options));
});
