// Self-update of the built agents where things are not as they should be: releases that must not be taken, versions that
// do not work, clocks, disks and files that are wrong.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createSusServer, listen, type SimulatedRelease, type SusServer } from '@moult/simulator';
import { startHost } from '../src/host/host.ts';
import { readStatus } from '../src/read-status.ts';
import type { MachineRoot } from '../src/root/machine-root.ts';
import {
  type Lab,
  newVersion,
  oldVersion,
  openLab,
  pingFields,
  pointAt,
  programDoing,
  runBuilt,
  runDue,
  runOnce,
} from './lab.ts';

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

interface Bench extends AsyncDisposable {
  root: MachineRoot;
  server: SusServer;
}

/** A server and a machine of their own; the server offers `release`. */
async function bench(
  release: SimulatedRelease,
  options: { announce?: string; generation?: 'sus' | 'wsus' } = {},
): Promise<Bench> {
  const server = await createSusServer({
    signer: lab.operator.signer,
    now: new Date(),
    release,
    wuident: options.generation === 'wsus',
    ...(options.announce === undefined ? {} : { announce: options.announce }),
  });
  const port = await listen(server);
  const generation = options.generation ?? 'sus';
  const version = generation === 'sus' ? oldVersion : newVersion;
  const root = await lab.machine({ server: port.url, generation, version });
  return { root, server, [Symbol.asyncDispose]: () => port.close() };
}

const good = (): SimulatedRelease => lab.release('wsus', newVersion);

function failuresIn(server: SusServer): string[] {
  return server
    .pings()
    .map(pingFields)
    .filter(({ S }) => S === 'f')
    .map(({ A, E }) => `${A} ${E}`);
}

function assertStillOld(root: MachineRoot): void {
  const status = readStatus(root);
  assert.deepEqual([status.version, status.intact, status.trial], [oldVersion, true, undefined]);
  assert.deepEqual(readdirSync(root.versionsFolder), [oldVersion], 'nothing is left of what was not taken');
}

describe('a release that must not be taken', { concurrency: 2 }, () => {
  const cases: { name: string; release(): SimulatedRelease; announce?: string; code: string; says: RegExp }[] = [
    {
      name: 'an older version (downgrade)',
      release: () => ({ ...good(), generation: 'sus', version: '5.4.0.0' }),
      announce: '9.0.0.0',
      code: '8024d006',
      says: /an agent never goes back/,
    },
    {
      name: 'the same version',
      release: () => ({ ...good(), version: oldVersion }),
      announce: '9.0.0.0',
      code: '8024d006',
      says: /not newer than 5\.4\.0\.1/,
    },
    {
      name: 'another product',
      release: () => ({ ...good(), product: 'other-agent' }),
      code: '8024d001',
      says: /a release of "other-agent"/,
    },
    {
      name: 'another version than announced',
      release: good,
      announce: '7.9.5.5',
      code: '8024d005',
      says: /version 7\.9\.0\.1, but 7\.9\.5\.5 was announced/,
    },
  ];
  for (const { name, release, announce, code, says } of cases) {
    it(`${name} is refused`, async () => {
      await using at = await bench(release(), announce === undefined ? {} : { announce });
      const outcome = await runOnce(at.root);
      assert.match(outcome?.message ?? '', says);
      assertStillOld(at.root);
      assert.deepEqual(failuresIn(at.server), [`s ${code}`]);
      assert.match(readFileSync(at.root.susLog, 'utf8'), new RegExp(`\tError\tSelfUpdate\t.*0x${code}`));
    });
  }

  it('a WSUS client is not led back to a SUS release by an ident that promises none', async () => {
    await using at = await bench({ ...good(), generation: 'sus', version: '8.0.0.0' }, { generation: 'wsus' });
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_DOWNGRADE');
    assert.equal(readStatus(at.root).version, newVersion);
  });
});

describe('a new version that does not work', { concurrency: 2 }, () => {
  it('crashes: tried twice, then the old one goes on, and it is not tried again by itself', async () => {
    await using at = await bench({ ...good(), files: programDoing('throw new Error("broken release");') });
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED');
    assert.match(outcome.message, /ended before it reported healthy: exit code 1 .*broken release/);
    assertStillOld(at.root);
    assert.deepEqual(
      readStatus(at.root).failedTrials.map(({ version, code }) => [version, code]),
      [[newVersion, '0x8024d00f']],
    );
    assert.match(readFileSync(at.root.susLog, 'utf8'), /Back to 5\.4\.0\.1; 7\.9\.0\.1 is not tried again/);
    assert.match(readFileSync(at.root.wsusLog, 'utf8'), /started beside 5\.4\.0\.1 \(attempt 2\)/);
    assert.deepEqual(failuresIn(at.server), ['s 8024d00f']);

    const asked = at.server.journal.length;
    const waiting = await runDue(at.root);
    assert.equal(waiting?.code, 'AGENT_SELFUPDATE_FAILED_BEFORE');
    assert.equal(`0x${waiting.hresult.toString(16)}`, '0x8024d008');
    assert.ok(
      !at.server.journal.slice(asked).some(({ path }) => path.endsWith('wuaucomp.cab')),
      'it is not even fetched',
    );

    await at.server.publish(good());
    const insisted = await runOnce(at.root);
    assert.equal(insisted?.ok, true, insisted?.message);
    assert.equal(readStatus(at.root).version, newVersion);
    assert.deepEqual(readStatus(at.root).failedTrials, []);
  });

  it('hangs: given up after its time, once', async () => {
    await using at = await bench({ ...good(), files: programDoing('setInterval(() => {}, 1000);') });
    const outcome = await runOnce(at.root);
    assert.match(outcome?.message ?? '', /did not report healthy within 4 s/);
    assertStillOld(at.root);
    assert.deepEqual(failuresIn(at.server), ['s 8024d007']);
  });

  it('reports another version than it is released as: not healthy', async () => {
    const source = 'process.send({ kind: "healthy", version: "1.2.3.4" }); setInterval(() => {}, 1000);';
    await using at = await bench({ ...good(), files: programDoing(source) });
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED');
    assertStillOld(at.root);
  });

  it('is replaced by a later version without anybody asking', async () => {
    await using at = await bench({ ...good(), files: programDoing('process.exit(7);') });
    await runOnce(at.root);
    await at.server.publish(lab.release('wsus', '7.9.0.2'));
    const outcome = await runDue(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(readStatus(at.root).version, '7.9.0.2');
  });
});

describe('a WSUS client', () => {
  it('updates itself from 7.9.0.1 to 7.9.0.2 and logs the public sequence', async () => {
    await using at = await bench(lab.release('wsus', '7.9.0.2'), { generation: 'wsus' });
    await runOnce(at.root);
    const status = readStatus(at.root);
    assert.deepEqual([status.generation, status.version], ['wsus', '7.9.0.2']);
    assert.deepEqual(readdirSync(at.root.versionsFolder), ['7.9.0.2']);
    const log = readFileSync(at.root.wsusLog, 'utf8');
    const order = [
      /\tSetup\tChecking for agent SelfUpdate\r\n/,
      /\tSetup\tClient version: Core: 7\.9\.0\.1 {2}Aux: 7\.9\.0\.1\r\n/,
      /\tMisc\tValidating signature for .*wuident\.cab:\r\n/,
      /\tSetup\tSelfUpdate check completed\. {2}SelfUpdate is required\.\r\n/,
      /Logging initialized \(build: 7\.9\.0\.2, tz: [+-]\d{4}\)/,
      /\tSetup\tSelfUpdate check completed\. {2}SelfUpdate is NOT required\.\r\n/,
    ].map((line) => log.search(line));
    assert.ok(
      order.every((place, index) => place >= 0 && place > (order[index - 1] ?? -1)),
      `${order}\n${log}`,
    );
    for (const line of log.split('\r\n').filter(Boolean)) {
      assert.match(line, /^\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d:\d{3}\t *\d+\t *[0-9a-f]+\t[A-Za-z]+\t/);
    }
  });

  it('falls into legacy mode at a SUS server, says so, and leaves it by itself', async () => {
    await using at = await bench(good(), { generation: 'wsus' });
    await using sus = await bench(good());
    const { server } = readStatus(sus.root);
    const root = await lab.machine({ generation: 'wsus', version: newVersion, server: server ?? '' });
    const outcome = await runOnce(root);
    assert.equal(outcome?.ok, true);
    assert.match(outcome.message, /SUS server without web services: legacy mode \(0x8024002b\)/);
    const status = readStatus(root);
    assert.deepEqual(
      [status.legacyMode, status.client, status.auState?.value],
      [true, 'WSUS client in legacy (SUS) mode', 2],
    );
    assert.match(
      readFileSync(root.wsusLog, 'utf8'),
      /\tAgent\t {2}\* WARNING: Server is a legacy \(SUS\) server, error 0x8024002b/,
    );
    const pinged = sus.server.journal.find(({ path }) => path === '/wutrack.bin');
    assert.equal(pinged?.userAgent, 'Industry Update Control', 'it behaves as a SUS client');

    const elsewhere = readStatus(at.root).server ?? '';
    pointAt(root, elsewhere);
    await runOnce(root);
    assert.equal(readStatus(root).legacyMode, false);
    assert.match(readFileSync(root.wsusLog, 'utf8'), /\tAU\tLegacy mode ended \(0x8024a002\)/);
  });

  it('does not take a WSUS server whose tree is broken for a SUS server', async () => {
    await using at = await bench(good(), { generation: 'wsus' });
    at.server.setFault(/\/wuident\.cab$/, { kind: 'status', status: 404 });
    at.server.setFault(/\/clientwebservice\//, { kind: 'status', status: 500 });
    const outcome = await runOnce(at.root);
    assert.equal(`0x${outcome?.hresult.toString(16)}`, '0x80244019');
    assert.equal(readStatus(at.root).legacyMode, false);
    const log = readFileSync(at.root.wsusLog, 'utf8')
      .split('\r\n')
      .map((line) => line.split('\t').slice(4).join(' '));
    const url = `${readStatus(at.root).server}/selfupdate/wuident.cab`;
    assert.deepEqual(
      log.slice(
        log.findIndex((line) => line.startsWith('Misc WARNING')),
        log.findIndex((line) => line.includes('Skipping scan')) + 1,
      ),
      [
        'Misc WARNING: WinHttp: SendRequestToServerForFileInformation failed with 0x80190194',
        'Misc WARNING: WinHttp: ShouldFileBeDownloaded failed with 0x80190194',
        `Misc WARNING: DownloadFileInternal failed for ${url}: error 0x80190194`,
        'Setup FATAL: IsUpdateRequired failed with error 0x80244019',
        'Setup WARNING: SelfUpdate: Default Service: IsUpdateRequired failed: 0x80244019',
        'Setup WARNING: SelfUpdate: Default Service: IsUpdateRequired failed, error = 0x80244019',
        'Agent   * WARNING: Skipping scan, self-update check returned 0x80244019',
      ],
    );
  });
});

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
      assert.match(at.server.journal[0]?.query ?? '', new RegExp(`^${year.slice(2)}0615\\d{4}$`));
    });
  }

  it('does not wait for a time that a wrong clock wrote', async () => {
    await using at = await bench(good());
    await runBuilt(at.root, {
      NODE_OPTIONS: `--import ${new URL('wrong-clock.mjs', import.meta.url).href}`,
      MOULT_TEST_CLOCK: '2090-06-15T12:00:00Z',
    });
    assert.match(readStatus(at.root).lastWaitTimeout ?? '', /^2090\./);
    const host = startHost(at.root);
    const corrected = () => !/^2090/.test(readStatus(at.root).lastWaitTimeout ?? '');
    for (let waited = 0; waited < 100 && !corrected(); waited++) await pause(50);
    const waitMinutes = (Date.parse(readStatus(at.root).nextDetection ?? '') - Date.now()) / 60_000;
    await host.stop();
    assert.ok(waitMinutes > 4.9 && waitMinutes < 5.1, `${waitMinutes} minutes`);
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

  it('says so when no version is left that could run', async () => {
    await using at = await bench(good());
    writeFileSync(join(at.root.versionsFolder, oldVersion, 'agent.mjs'), '// damaged');
    await assert.rejects(runOnce(at.root), { code: 'AGENT_HOST_NO_WORKING_VERSION' });
    assert.equal(readStatus(at.root).intact, false);
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
