import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerClock } from '@moult/store/clock';
import pino from 'pino';
import { createGroupDays } from './group-days.ts';

const now = new Date('2026-12-03T12:00:00Z');
const log = pino({ level: 'silent' });

it('how far groups are is noted soon after the start and then now and then, but not while the clock is not believed', async () => {
  const noted: Date[] = [];
  const store = {
    async noteGroupDay(given: { now: Date }) {
      noted.push(given.now);
      return 1;
    },
  };
  let state: ReturnType<ServerClock['state']> = { kind: 'ahead', now, reference: now };
  const clock = { now: () => now, state: () => state };
  const days = createGroupDays({ store, clock, log, firstMs: 0, everyMs: 0 });
  assert.equal(await days.run(), 0);
  assert.deepEqual(noted, []);
  state = { kind: 'right' };
  assert.equal(await days.run(), 1);
  assert.deepEqual(noted, [now]);
  await days.close();

  const soon = createGroupDays({ store, clock, log, firstMs: 1, everyMs: 5 });
  while (noted.length < 4) await pause(5);
  await soon.close();
  const before = noted.length;
  await pause(20);
  assert.equal(noted.length, before, 'after its end');
});
