// Self-update of the built agents on machines whose clock, disk or files are wrong.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedRelease } from '@moult/simulator';
import { startHost } from '../src/host/host.ts';
import { lockHolder } from '../src/machine/lock.ts';
import { readStatus, requestDetection } from '../src/read-status.ts';
import { assertStillOld, type BenchOptions, failuresIn, openBench } from './bench.ts';
import { type Lab, newVersion, oldVersion, openLab, pointAt, runBuilt, runOnce } from './lab.ts';

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const good = (): SimulatedRelease => lab.release('wsus', newVersion);

const bench = (release: SimulatedRelease, options?: BenchOptions) => openBench(lab, release, options);

describe('a machine that is not well', { concurrency: 2 }, () => {
  for (const year of ['1990', '2090']) {
    it(`updates itself with its clock in ${year}`, async () => {
      await using at = await bench(good());
      const exit = await runBuilt(at.root, {
        NODE_OPTIONS: `--import ${new URL('wrong-clock.mjs', import.meta.url).href}`,
        MOULT_TEST_CLOCK: `${year}-06-15T12:00:00Z`,
      });
      assert.equal(exit, 0, readFileSync(at.root.susLog, 'utf8'));
      assert.equal(readStatus(at.root).version, newVersion);
      assert.match(readFileSync(at.root.susLog, 'utf8'), new RegExp(`\t${year}-06-15T`));
      assert.match(
        at.server.journal.find(({ query }) => query !== '')?.query ?? '',
        new RegExp(`^${year.slice(2)}0615\\d{4}$`),
      );
    });
  }

  it('does not wait for a time that a wrong clock wrote', async () => {
    await using at = await bench(good());
    await runBuilt(at.root, {
      NODE_OPTIONS: `--import ${new URL('wrong-clock.mjs', import.meta.url).href}`,
      MOULT_TEST_CLOCK: '2090-06-15T12:00:00Z',
    });
    assert.match(readStatus(at.root).lastWaitTimeout ?? '', /^2090\./);
    const before = Date.now();
    const host = startHost(at.root);
    const corrected = () => !/^2090/.test(readStatus(at.root).lastWaitTimeout ?? '');
    await until(corrected);
    const next = Date.parse(readStatus(at.root).nextDetection ?? '');
    await host.stop();
    assert.ok(next > before + 5 * 60_000 - 1000 && next <= Date.now() + 5 * 60_000, new Date(next).toISOString());
  });

  it('keeps its version when the disk is full, and updates itself when there is room', async () => {
    await using at = await bench(good());
    const exit = await runBuilt(at.root, {
      NODE_OPTIONS: `--import ${new URL('full-disk.mjs', import.meta.url).href}`,
      MOULT_TEST_FULL_DISK: '[\\\\/]versions[\\\\/]',
    });
    assert.equal(exit, 1);
    assertStillOld(at.root);
    assert.match(
      readFileSync(at.root.susLog, 'utf8'),
      /Error\tSelfUpdate\t.*0x80070070: Version 7\.9\.0\.1 cannot be written .*ENOSPC/,
    );
    assert.deepEqual(failuresIn(at.server), ['s 80070070']);
    await runOnce(at.root);
    assert.equal(readStatus(at.root).version, newVersion);
  });

  it('says that it cannot write, and works again when it can', async () => {
    await using at = await bench(good());
    const full = (paths: string) => ({
      NODE_OPTIONS: `--import ${new URL('full-disk.mjs', import.meta.url).href}`,
      MOULT_TEST_FULL_DISK: paths,
    });
    assert.equal(await runBuilt(at.root, full('host\\.lock')), 2);
    assert.deepEqual(readdirSync(at.root.agentFolder).sort(), [
      'current.json',
      'host.mjs',
      'installed.json',
      'operator-ca.cer',
      'versions',
    ]);
    assert.equal(await runBuilt(at.root, full('registry\\.reg')), 1);
    assert.match(
      readFileSync(at.root.susLog, 'utf8'),
      /Error\tSelfUpdate\tSelf-update failed with 0x80070070: Nothing can be written to .*the disk is full/,
    );
    assertStillOld(at.root);
    await runOnce(at.root);
    assert.equal(readStatus(at.root).version, newVersion);
  });

  it('does not start with a registry that cannot be read, and leaves nothing running', async () => {
    await using at = await bench(good());
    const whole = readFileSync(at.root.registryFile ?? '');
    for (const broken of [Buffer.alloc(0), Buffer.from('no registry'), whole.subarray(0, 21)]) {
      writeFileSync(at.root.registryFile ?? '', broken);
      assert.throws(() => startHost(at.root, { now: true, once: true }), { code: 'AGENT_CONFIG_BAD_REGISTRY' });
      assert.equal(lockHolder(at.root.hostLock), undefined);
    }
    writeFileSync(at.root.registryFile ?? '', whole);
    assert.equal((await runOnce(at.root))?.ok, true);
  });

  it('runs on while its registry is broken, says so once, and detects when asked after it is mended', async () => {
    await using at = await bench(good());
    const host = startHost(at.root);
    await until(() => readStatus(at.root).nextDetection !== undefined);
    const whole = readFileSync(at.root.registryFile ?? '');
    writeFileSync(at.root.registryFile ?? '', 'no registry');
    const said = () =>
      readFileSync(at.root.susLog, 'utf8').match(/\tError\t.*registry file cannot be read/g)?.length ?? 0;
    requestDetection(at.root);
    await until(() => said() > 0);
    writeFileSync(at.root.registryFile ?? '', whole);
    requestDetection(at.root);
    await until(() => readStatus(at.root).version === newVersion && readStatus(at.root).trial === undefined);
    await host.stop();
  });

  for (const [what, text] of [
    ['is missing', undefined],
    ['is empty', ''],
    ['is cut off', '{"state":"commit'],
    ['names a version that is not there', '{"state":"committed","version":"9.9.9.9","generation":"wsus","failed":[]}'],
  ] as const) {
    it(`finds its version when current.json ${what}`, async () => {
      await using at = await bench(good());
      if (text === undefined) rmSync(at.root.currentFile);
      else writeFileSync(at.root.currentFile, text);
      const outcome = await runOnce(at.root);
      assert.equal(outcome?.ok, true, outcome?.message);
      assert.equal(readStatus(at.root).version, newVersion);
    });
  }

  it('says so when no version is left that could run and the server is away, and fetches one when it is back', async () => {
    await using at = await bench(good());
    writeFileSync(join(at.root.versionsFolder, oldVersion, 'agent.mjs'), '// damaged');
    at.server.setFault(/./, { kind: 'status', status: 503 });
    assert.equal((await runOnce(at.root))?.code, 'AGENT_HOST_NO_WORKING_VERSION');
    assert.equal(readStatus(at.root).intact, false);
    assert.equal(lockHolder(at.root.hostLock), undefined);
    at.server.clearFaults();
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.deepEqual([readStatus(at.root).version, readStatus(at.root).intact], [newVersion, true]);
  });

  it('fetches a cabinet again whose cached copy was tampered with', async () => {
    await using at = await bench({ ...good(), version: newVersion }, { announce: oldVersion });
    await runOnce(at.root);
    const cached = join(at.root.selfUpdateFolder, 'iuident.cab');
    const bytes = readFileSync(cached);
    const { mtime } = statSync(cached);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    writeFileSync(cached, bytes);
    utimesSync(cached, mtime, mtime);
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
  });

  it('is told who its server is before anything else', async () => {
    const root = await lab.machine();
    pointAt(root, undefined);
    const outcome = await runOnce(root);
    assert.equal(outcome?.code, 'AGENT_CONFIG_NO_SERVER');
    assert.ok(!existsSync(root.urlLog));
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(50)) if (isSo()) return;
  assert.fail('it never came to that');
}
