// Self-update of the built agents with releases that must not be taken, versions that do not work, and servers of another kind.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { updatePurpose } from '@moult/protocol/self-update';
import type { SimulatedRelease } from '@moult/simulator';
import { readCurrent, writeCurrent } from '../src/host/current.ts';
import type { ProgressEvent } from '../src/host/messages.ts';
import { installAgent } from '../src/install-agent.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { hostArchitecture, hostOs } from '../src/machine/policy.ts';
import { readStatus } from '../src/read-status.ts';
import { assertStillOld, type Bench, type BenchOptions, failuresIn, openBench } from './bench.ts';
import {
  impatient,
  type Lab,
  newVersion,
  oldVersion,
  openLab,
  pingFields,
  pointAt,
  programDoing,
  runDue,
  runOnce,
} from './lab.ts';
import { openWsusLab } from './wsus-lab.ts';

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const good = (): SimulatedRelease => lab.release('wsus', newVersion);

const bench = (release: SimulatedRelease, options?: BenchOptions) => openBench(lab, release, options);

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
  it('the file of an update is not a release, although the same operator signed it', async () => {
    await using at = await bench({ ...good(), signedAs: updatePurpose('Moult agent 7.9.0.1') });
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_WRONG_PURPOSE');
    assert.match(outcome.message, /signed it as "Update: Moult agent 7\.9\.0\.1"/);
    assertStillOld(at.root);
  });

  it('an ident file that was signed before the newest one is refused, unless it leads as far', async () => {
    const inTwoDays = new Date(Date.now() + 48 * 3_600_000);
    await using newest = await openBench(lab, good(), { announce: '9.0.0.0', now: inTwoDays });
    await runOnce(newest.root);
    assertStillOld(newest.root);
    const after = await openBench(lab, good());
    await using _ = after;
    pointAt(newest.root, readStatus(after.root).server);
    const outcome = await runOnce(newest.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_STALE_IDENT');
    assertStillOld(newest.root);
    await using takenBack = await openBench(lab, good(), { now: new Date(inTwoDays.getTime() + 60_000) });
    pointAt(newest.root, readStatus(takenBack.root).server);
    assert.equal((await runOnce(newest.root))?.ok, true, 'the operator signed a lower version later: it counts');
    assert.equal(readStatus(newest.root).version, newVersion);
  });

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
  it('crashes: the old one goes on, and after three tries it is tried once a day', async () => {
    await using at = await bench({ ...good(), files: programDoing('throw new Error("broken release");') });
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED');
    assert.match(outcome.message, /ended before it reported healthy: exit code 1 .*broken release/);
    assertStillOld(at.root);
    assert.deepEqual(
      readStatus(at.root).failedTrials.map(({ version, code }) => [version, code]),
      [[newVersion, '0x8024d00f']],
    );
    assert.match(readFileSync(at.root.susLog, 'utf8'), /Back to 5\.4\.0\.1 \(0x8024d00f\)/);
    assert.match(readFileSync(at.root.wsusLog, 'utf8'), /started beside 5\.4\.0\.1 \(attempt 2\)/);
    assert.deepEqual(failuresIn(at.server), ['s 8024d00f']);

    for (const tries of [2, 3]) {
      assert.equal((await runDue(at.root))?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED');
      assert.equal(readCurrent(at.root)?.failed[0]?.tries, tries);
    }
    const asked = at.server.journal.length;
    const waiting = await runDue(at.root);
    assert.equal(waiting?.code, 'AGENT_SELFUPDATE_FAILED_BEFORE');
    assert.equal(`0x${waiting.hresult.toString(16)}`, '0x8024d008');
    assert.ok(
      !at.server.journal.slice(asked).some(({ path }) => path.endsWith('wuaucomp.cab')),
      'it is not even fetched',
    );

    letPass(at.root, 23);
    assert.equal((await runDue(at.root))?.code, 'AGENT_SELFUPDATE_FAILED_BEFORE');
    letPass(at.root, 25);
    assert.equal((await runDue(at.root))?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED');
    letPass(at.root, -1000);
    assert.equal(
      (await runDue(at.root))?.code,
      'AGENT_SELFUPDATE_TRIAL_FAILED',
      'a clock that was ahead rules nothing out',
    );

    await at.server.publish(good());
    const insisted = await runOnce(at.root);
    assert.equal(insisted?.ok, true, insisted?.message);
    assert.equal(readStatus(at.root).version, newVersion);
    assert.deepEqual(readStatus(at.root).failedTrials, []);
  });

  it('hangs: given up after its time, once', async () => {
    await using at = await bench({ ...good(), files: programDoing('setInterval(() => {}, 1000);') });
    const outcome = await runOnce(at.root, { onEvent: shortTrial(at.root) });
    assert.match(outcome?.message ?? '', /did not report healthy within 1 s/);
    assertStillOld(at.root);
    assert.deepEqual(failuresIn(at.server), ['s 8024d007']);
  });

  it('reports another version than it is released as: not healthy', async () => {
    const source = 'process.send({ kind: "healthy", version: "1.2.3.4" }); setInterval(() => {}, 1000);';
    await using at = await bench({ ...good(), files: programDoing(source) });
    const outcome = await runOnce(at.root, { onEvent: shortTrial(at.root) });
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

/** As if the last trial had been so many hours ago. */
function letPass(root: MachineRoot, hours: number): void {
  const current = readCurrent(root);
  assert.ok(current);
  const at = new Date(Date.now() - hours * 3_600_000).toISOString();
  writeCurrent(root, { ...current, failed: current.failed.map((failed) => ({ ...failed, at })) });
}

/** Once the old version is up and at work: the new one, which hangs, is given up soon. */
function shortTrial(root: MachineRoot): (event: ProgressEvent) => void {
  return ({ step }) => {
    if (step === 'handover') impatient(root, 'TrialTimeoutSeconds', 1);
  };
}

describe('a trial that was interrupted', { concurrency: 2 }, () => {
  /** A machine that went down when its new version was on trial for the `attempt`-th time. */
  async function interrupted(attempt: number, files = good().files): Promise<Bench> {
    const at = await bench({ ...good(), files });
    const folder = join(at.root.versionsFolder, newVersion);
    cpSync(join(lab.releases, 'wsus', newVersion), folder, { recursive: true });
    const previous = { version: oldVersion, generation: 'sus' };
    const current = { state: 'trial', version: newVersion, generation: 'wsus', previous, attempt, failed: [] };
    writeFileSync(at.root.currentFile, JSON.stringify(current));
    return at;
  }

  it('is proven again when the machine is back', async () => {
    await using at = await interrupted(2);
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.deepEqual(readdirSync(at.root.versionsFolder), [oldVersion, newVersion], 'the old one stays, to come back');
    assert.match(readFileSync(at.root.wsusLog, 'utf8'), /trial of 7\.9\.0\.1 was interrupted; it is proven again/);
    assert.equal(
      at.server
        .pings()
        .map(pingFields)
        .filter(({ A, S }) => A === 's' && S === 's').length,
      1,
    );
  });

  it('is given up when the machine went down with it again and again', async () => {
    await using at = await interrupted(4);
    await runDue(at.root);
    assertStillOld(at.root);
    assert.deepEqual(failuresIn(at.server).slice(0, 1), ['s 8024d00f']);
  });

  it('goes back when the new version was damaged meanwhile', async () => {
    await using at = await interrupted(1);
    writeFileSync(join(at.root.versionsFolder, newVersion, 'agent.mjs'), '// half written');
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
    assert.equal(readStatus(at.root).version, newVersion, 'it came anew');
  });
});

/** A WSUS client 7.9.0.1 and a whole server, which leads it to 7.9.0.2. */
async function withWebServices() {
  const folder = mkdtempSync(join(lab.folder, 'wsus-'));
  const { url, operatorCertificate, close } = await openWsusLab(folder, lab.releases);
  const pointed = { server: url, operatorCertificate, os: hostOs(), architecture: hostArchitecture() };
  const root = await lab.machine({ ...pointed, generation: 'wsus', version: newVersion });
  return { root, operatorCertificate, [Symbol.asyncDispose]: close };
}

describe('installing again', () => {
  it('keeps a newer version of the same client, its identity, and points it elsewhere', async () => {
    await using at = await withWebServices();
    await runOnce(at.root);
    const before = readStatus(at.root);
    assert.equal(before.version, '7.9.0.2');
    const again = { server: 'http://elsewhere:8530', releaseFolder: onlyFirstRelease() };
    const options = { ...again, operatorCertificate: at.operatorCertificate };
    assert.equal((await installAgent(at.root, { ...options, generation: 'wsus' })).version, '7.9.0.2');
    const after = readStatus(at.root);
    assert.deepEqual([after.version, after.server, after.clientId], ['7.9.0.2', again.server, before.clientId]);
    assert.equal(
      (await installAgent(at.root, { ...options, generation: 'wsus', version: newVersion })).version,
      newVersion,
    );
    assert.deepEqual(readdirSync(at.root.versionsFolder), [newVersion]);
  });

  function onlyFirstRelease(): string {
    const folder = join(lab.folder, 'first');
    cpSync(join(lab.releases, 'wsus', newVersion), join(folder, 'wsus', newVersion), { recursive: true });
    cpSync(join(lab.releases, 'host'), join(folder, 'host'), { recursive: true });
    return folder;
  }
});

describe('a WSUS client', () => {
  it('updates itself from 7.9.0.1 to 7.9.0.2 and logs the public sequence', async () => {
    await using at = await withWebServices();
    await runOnce(at.root);
    const status = readStatus(at.root);
    assert.deepEqual([status.generation, status.version], ['wsus', '7.9.0.2']);
    assert.deepEqual(readdirSync(at.root.versionsFolder), [newVersion, '7.9.0.2']);
    const log = readFileSync(at.root.wsusLog, 'utf8');
    const order = [
      /\tSetup\tChecking for agent SelfUpdate\r\n/,
      /\tSetup\tClient version: Core: 7\.9\.0\.1 {2}Aux: 7\.9\.0\.1\r\n/,
      /\tMisc\tValidating signature for .*wuident\.cab:\r\n/,
      /\tSetup\tSelfUpdate check completed\. {2}SelfUpdate is required\.\r\n/,
      // On trial: a whole check and a scan, before it is the agent.
      /\tSetup\tSelfUpdate check completed\. {2}SelfUpdate is NOT required\.\r\n/,
      /\tService\tVersion 7\.9\.0\.2 qualified: it is the agent now\.\r\n/,
      /Logging initialized \(build: 7\.9\.0\.2, tz: [+-]\d{4}\)/,
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
