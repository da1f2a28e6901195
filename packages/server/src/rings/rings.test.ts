import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addPlan, enterRings } from '@moult/administration/rings';
import { author, createAdministration, idOf } from '../../../administration/src/test/administration.ts';
import { keepRings } from './index.ts';

const tenYearsMs = 3652 * 86_400_000;

it('steps rings by a clock that is believed only, and the log names the update', async (t) => {
  await using administration = await createAdministration(['Tool']);
  const { store } = administration;
  const policy = { hours: 1, installed: 0 };
  const ring = { groups: ['All Computers'], policy };
  await addPlan(administration, 'Standard', [
    { name: 'first', ...ring },
    { name: 'second', ...ring },
  ]);
  await enterRings(administration, 'Standard', 'Tool');
  const said: unknown[] = [];
  const clock = { at: author.at, isBelieved: false };
  const rings = keepRings({
    ...{ store, now: () => clock.at, isClockBelieved: () => clock.isBelieved, everyMs: 0 },
    log: { info: (what: unknown) => said.push(what), error: (error: unknown) => assert.fail(String(error)) } as never,
  });
  t.after(() => rings.close());
  clock.at = new Date(author.at.getTime() + tenYearsMs);
  assert.equal(await rings.step(), 0);
  assert.equal((await store.listRollouts())[0]?.state.steppedAt, author.at.getTime(), 'nothing was written');
  // Believed, the jump is an hour at most: the first ring goes on, the second is not finished at once.
  clock.isBelieved = true;
  assert.equal(await rings.step(), 1);
  assert.deepEqual(said, [
    { updateId: idOf(0), action: 'promote', reason: undefined, fromRing: 0, toRing: 1, status: 'running' },
  ]);
  clock.at = author.at;
  assert.equal(await rings.step(), 0, 'a clock that goes back adds no time');
});
