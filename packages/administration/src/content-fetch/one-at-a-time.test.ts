// Who may fetch into a content folder, when several want to.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { holdAlone } from './one-at-a-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-owner-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const options = { leaseMs: 60_000 };
/** A process of this machine that ended. */
const gone = `${hostname()}/${spawnSync(process.execPath, ['--version']).pid}/x`;

it('of many that find an owner which is no more, one gets the folder', async () => {
  for (let round = 0; round < 30; round++) {
    const path = join(folder, `round-${round}`);
    writeFileSync(path, gone);
    const ended = await Promise.allSettled(Array.from({ length: 12 }, () => holdAlone(path, options)));
    const held = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const one of ended) if (one.status === 'rejected') assert.equal(one.reason.code, 'SERVER_REFUSED');
    assert.equal(held.length, 1);
    await held[0]?.release();
  }
  assert.deepEqual(readdirSync(folder), [], 'nothing is left behind');
});

it('an owner on another machine holds it while it is seen, whatever the clock of this one says, and not longer', async (t) => {
  const path = join(folder, 'elsewhere');
  writeFileSync(path, 'elsewhere/1/x');
  t.mock.timers.enable({ apis: ['Date'], now: new Date('2036-12-01T00:00:00Z') });
  await assert.rejects(holdAlone(path, options), { code: 'SERVER_REFUSED' });
  t.mock.timers.reset();
  const before = new Date(Date.now() - 2 * options.leaseMs);
  utimesSync(path, before, before);
  await (await holdAlone(path, options)).release();
});
