// The host updates itself last: after the agent of the same release has qualified, on trial, with the host before behind it. A
// new host that crashes, hangs, ends, or does not get the agent to a good detection gives way, and says why. Each with built
// hosts, most of them the real one with one defect.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedRelease } from '@moult/simulator';
import { findNextHost } from '../src/host/host-update.ts';
import { readHosts, writeHosts } from '../src/host/hosts-file.ts';
import { keys } from '../src/machine/keys.ts';
import { lockHolder } from '../src/machine/lock.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { type Bench, openBench } from './bench.ts';
import { buildHostRelease, type Lab, newVersion, openLab, runBuilt } from './lab.ts';

const installedHost = '7.8.0.0';
const nextHost = '7.9.0.0';
const laterHost = '7.9.0.1';

let lab: Lab;
let next: SimulatedRelease;
let later: SimulatedRelease;
before(async () => {
  lab = await openLab({ installedHost });
  next = await buildHostRelease(join(lab.folder, 'hosts'), nextHost);
  later = await buildHostRelease(join(lab.folder, 'hosts'), laterHost);
});
after(() => lab.close());

const bench = (host: SimulatedRelease | undefined) =>
  openBench(lab, lab.release('wsus', newVersion), host ? { host } : {});

/** The real host, where `text` is something else: a release with one defect. */
function hostWith(text: string, instead: string): SimulatedRelease {
  const [file] = next.files;
  const source = Buffer.from(file?.bytes ?? []).toString('utf8');
  assert.ok(source.includes(text), `the bundle does not hold ${text}`);
  return { ...next, files: [{ name: 'host.mjs', bytes: Buffer.from(source.replaceAll(text, instead)) }] };
}

const hostDoing = (source: string): SimulatedRelease => ({
  ...next,
  files: [{ name: 'host.mjs', bytes: Buffer.from(source) }],
});

describe('a newer host', { concurrency: 2 }, () => {
  it('takes over after the agent of the same release, and the machine goes on under it', async () => {
    await using at = await openBench(lab, lab.release('wsus', newVersion), { host: next });
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assert.equal(readStatus(at.root).version, newVersion);
    assertHost(at.root, nextHost);
    assert.match(toldIn(at.root), /The agent finished a detection under host 7\.9\.0\.0: it is the host now/);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assertHost(at.root, nextHost);
    assert.equal(readHosts(at.root)?.starts, 0);
    assert.deepEqual([lockHolder(at.root.hostLock), lockHolder(at.root.launcherLock)], [undefined, undefined]);
  });

  it('is the next one to a host that was the next one itself', async () => {
    await using at = await bench(next);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    await at.server.publishHost(later);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assert.deepEqual([readHosts(at.root)?.version, readHosts(at.root)?.previous], [laterHost, nextHost]);
    assert.deepEqual(readdirSync(at.root.hostsFolder).sort(), [nextHost, laterHost]);
  });

  it('waits for the agent of its release', async () => {
    await using at = await bench(await buildHostRelease(join(lab.folder, 'hosts'), '7.9.0.9'));
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assert.equal(readHosts(at.root), undefined);
    assert.match(toldIn(at.root), /Host 7\.9\.0\.9 waits until the agent of that release has qualified/);
  });

  it('that cannot be looked for, because the metadata is damaged, is not taken for one that is not there', async () => {
    await using at = await bench(next);
    mkdirSync(at.root.trustFolder, { recursive: true });
    rmSync(at.root.trustRoot, { force: true });
    const said: string[] = [];
    const agent = { ...lab.release('wsus', newVersion), product: 'moult-agent', files: [] };
    const own = { epoch: 0, version: installedHost };
    const found = await findNextHost({
      root: at.root,
      own,
      agent,
      now: () => new Date(),
      tell: (text) => said.push(text),
    });
    assert.equal(found, undefined);
    assert.match(said.join('\n'), /^Trust metadata: No root metadata that can be used is stored/);
  });

  it('is not looked for before the agent has finished a detection', async () => {
    await using at = await bench(next);
    at.server.setFault(/ident/, { kind: 'status', status: 503 });
    assert.equal(await runBuilt(at.root), 1);
    assert.ok(!at.server.journal.some(({ path }) => path.endsWith('host.cab')));
  });

  it('runs on in the background, and stops when it is told to, as does a launcher that is killed', async () => {
    await using at = await bench(next);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      using service = spawn(process.execPath, [at.root.hostProgram, ...at.root.programArguments], { stdio: 'ignore' });
      const gone = new Promise((resolve) => service.once('close', resolve));
      await until(
        () => lockHolder(at.root.hostLock) !== undefined,
        () => toldIn(at.root),
      );
      assert.notEqual(lockHolder(at.root.hostLock)?.pid, service.pid);
      assert.equal(lockHolder(at.root.launcherLock)?.pid, service.pid);
      service.kill(signal);
      await gone;
      await until(
        () => lockHolder(at.root.hostLock) === undefined,
        () => toldIn(at.root),
      );
    }
    assertHost(at.root, nextHost);
  });

  it('is told to stop by its own process id too', { skip: process.platform === 'win32' }, async () => {
    await using at = await bench(next);
    await runBuilt(at.root);
    const running = runBuilt(at.root, {}, []);
    await until(
      () => lockHolder(at.root.hostLock) !== undefined,
      () => toldIn(at.root),
    );
    process.kill(lockHolder(at.root.hostLock)?.pid ?? 0, 'SIGTERM');
    assert.equal(await running, 0);
  });

  it('does not start twice: the second service says who runs', async () => {
    await using at = await bench(next);
    await runBuilt(at.root);
    using first = spawn(process.execPath, [at.root.hostProgram, ...at.root.programArguments], { stdio: 'ignore' });
    await until(
      () => lockHolder(at.root.hostLock) !== undefined,
      () => toldIn(at.root),
    );
    const codes = await Promise.all([1, 2, 3].map(() => runBuilt(at.root)));
    assert.deepEqual(codes, [2, 2, 2]);
    assert.equal(lockHolder(at.root.launcherLock)?.pid, first.pid);
    first.kill('SIGTERM');
    await until(
      () => lockHolder(at.root.launcherLock) === undefined,
      () => toldIn(at.root),
    );
    assert.equal(readHosts(at.root)?.state, 'committed');
  });
});

describe('a new host that', { concurrency: 2 }, () => {
  const bad: { what: string; host(): SimulatedRelease; says: RegExp; seconds?: number }[] = [
    { what: 'is no program', host: () => hostDoing('this is no program'), says: /lost its trial: exit code 1/ },
    {
      what: 'ends at once with exit code 0',
      host: () => hostDoing('process.exit(0)'),
      says: /lost its trial: exit code 0/,
    },
    {
      what: 'kills itself',
      host: () => hostDoing("process.kill(process.pid, 'SIGKILL')"),
      says: /lost its trial: SIGKILL/,
    },
    { what: 'hangs', host: () => hostDoing('for (;;);'), says: /no detection went well within 3 s/, seconds: 3 },
    {
      what: 'says that it lives, and starts no agent',
      host: () => hostDoing("setInterval(() => process.send({ kind: 'alive' }), 100)"),
      says: /no detection went well within 3 s/,
      seconds: 3,
    },
    {
      what: 'says that another version is good',
      host: () => hostDoing("setInterval(() => process.send({ kind: 'good', version: '1.2.3.4' }), 100)"),
      says: /no detection went well within 3 s/,
      seconds: 3,
    },
    {
      what: 'says that it is done, and is not',
      host: () => hostDoing("process.send({ kind: 'ending', code: 0, again: false }, () => process.exit(0))"),
      says: /ended before the agent had finished a detection/,
    },
    {
      what: 'names itself again and again',
      host: () => hostDoing("process.send({ kind: 'ending', code: 0, again: true }, () => process.exit(0))"),
      says: /ended before the agent had finished a detection/,
    },
    {
      what: 'cannot start a program',
      host: () => hostWith('release.entry', '"no-such-file.mjs"'),
      says: /lost its trial/,
    },
    {
      what: 'tells its program nothing',
      host: () => hostWith('kind:"begin"', 'kind:"nothing"'),
      says: /no detection went well within 5 s/,
      seconds: 5,
    },
  ];
  for (const { what, host, says, seconds } of bad) {
    it(`${what}: the host before comes back, and a mended one reaches it`, async () => {
      await using at = await bench(host());
      if (seconds) setSeconds(at, 'HostTrialTimeoutSeconds', seconds);
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      assert.equal(readStatus(at.root).version, newVersion);
      assert.match(toldIn(at.root), says);
      assertHost(at.root, undefined);
      const [failure] = readHosts(at.root)?.failed ?? [];
      assert.equal(failure?.version, nextHost);
      const current = JSON.parse(readFileSync(at.root.currentFile, 'utf8'));
      assert.deepEqual([current.state, current.failed], ['committed', []], 'nothing is held against the agent');
      await at.server.publishHost(later);
      if (seconds) setSeconds(at, 'HostTrialTimeoutSeconds', 600);
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      assertHost(at.root, laterHost);
    });
  }

  it('fails again and again is tried three times, an hour apart, then daily', async () => {
    await using at = await bench(hostDoing('process.exit(0)'));
    const triesAfter = async (hours: number) => {
      const hosts = readHosts(at.root);
      const since = new Date(Date.now() - hours * 3_600_000).toISOString();
      if (hosts) writeHosts(at.root, { ...hosts, failed: hosts.failed.map((one) => ({ ...one, at: since })) });
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      return readHosts(at.root)?.failed[0]?.tries;
    };
    assert.deepEqual([await triesAfter(0), await triesAfter(0.9), await triesAfter(1.1)], [1, 1, 2]);
    assert.deepEqual([await triesAfter(1.1), await triesAfter(23), await triesAfter(25)], [3, 3, 4]);
    assert.equal(await triesAfter(-90_000), 5, 'a clock that was ten years ahead');
    assert.match(toldIn(at.root), /Host 7\.9\.0\.0 failed \(3\), .*It is tried again 24 h after that/);
  });

  it('qualified, and then dies again and again, gives way to the one before it', async () => {
    await using at = await bench(next);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assertHost(at.root, nextHost);
    // It is whole, and dies: an entry that is as released.
    replaceHost(at.root, 'process.exit(9)');
    using service = spawn(process.execPath, [at.root.hostProgram, ...at.root.programArguments], { stdio: 'ignore' });
    await until(
      () => readHosts(at.root)?.version === undefined,
      () => toldIn(at.root),
    );
    await until(
      () => lockHolder(at.root.hostLock)?.pid === service.pid,
      () => toldIn(at.root),
    );
    service.kill('SIGTERM');
    await until(
      () => lockHolder(at.root.launcherLock) === undefined,
      () => toldIn(at.root),
    );
    assert.match(toldIn(at.root), /Host 7\.9\.0\.0 ended 3 times in a row\. The host that was installed runs again/);
  });

  it('cannot start gives way after five starts, whoever starts the service again', async () => {
    await using at = await bench(next);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    replaceHost(at.root, "process.send({ kind: 'ending', code: 2, again: false }, () => process.exit(2))");
    for (let start = 0; start < 5; start += 1) assert.equal(await runBuilt(at.root), 2);
    at.server.publishHost(undefined);
    assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
    assertHost(at.root, undefined);
    assert.match(toldIn(at.root), /was started 5 times and no detection went well/);
  });
});

describe('a host on the disk that', { concurrency: 2 }, () => {
  const wrong: [string, (root: MachineRoot) => void][] = [
    ['is damaged', (root) => writeFileSync(join(root.hostsFolder, nextHost, 'host.mjs'), '// damaged')],
    ['is gone', (root) => rmSync(root.hostsFolder, { recursive: true })],
    ['is a link', (root) => linkInPlaceOf(root, join(root.hostsFolder, nextHost))],
    [
      'is named by a file that is cut off',
      (root) => {
        writeFileSync(root.hostsFile, '{"version":"7.9');
        rmSync(join(root.hostsFolder, nextHost), { recursive: true });
      },
    ],
    ['leads out of its folder', (root) => writeFileSync(root.hostsFile, '{"version":"../../x","state":"committed"}')],
    [
      'is no host',
      (root) => {
        rmSync(join(root.hostsFolder, nextHost), { recursive: true });
        writeHosts(root, { version: newVersion, state: 'committed', failed: [] });
      },
    ],
  ];
  for (const [what, spoil] of wrong) {
    it(`${what} is not run, and comes again from the server`, async () => {
      await using at = await bench(next);
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      spoil(at.root);
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      assertHost(at.root, nextHost);
    });
  }

  const foreign: [string, () => SimulatedRelease][] = [
    ['was signed as an agent', () => ({ ...next, signedAs: 'Moult agent 7.9.0.0' })],
    ['was signed as an update', () => ({ ...next, signedAs: 'Contoso 1.0' })],
    ['was signed as a host of another version', () => ({ ...next, signedAs: 'Moult host 7.9.0.1' })],
    ['is an agent release', () => ({ ...next, product: 'moult-agent' })],
    ['is older than the one that runs', () => ({ ...next, version: '7.7.0.0' })],
  ];
  for (const [what, host] of foreign) {
    it(`${what} is never named`, async () => {
      await using at = await bench(host());
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      assert.equal(readHosts(at.root), undefined);
      assert.ok(!existsSync(at.root.hostsFolder) || readdirSync(at.root.hostsFolder).length === 0);
    });
  }

  for (const kind of ['altered', 'wrong-signature', 'status'] as const) {
    it(`comes with the fault ${kind} is never named, and the agent goes on`, async () => {
      await using at = await bench(next);
      at.server.setFault(/host\.cab/, kind === 'status' ? { kind, status: 500 } : { kind });
      assert.equal(await runBuilt(at.root), 0, toldIn(at.root));
      assert.equal(readHosts(at.root), undefined);
      assert.match(toldIn(at.root), /No newer host: /);
    });
  }
});

/** Another program in the place of the committed host, as if it had been released so. */
function replaceHost(root: MachineRoot, source: string): void {
  const file = join(root.hostsFolder, nextHost, 'release.json');
  const release = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(join(root.hostsFolder, nextHost, 'host.mjs'), source);
  release.files[0].sizeBytes = source.length;
  release.files[0].sha256 = createHash('sha256').update(source).digest('hex');
  writeFileSync(file, JSON.stringify(release));
}

function linkInPlaceOf(root: MachineRoot, folder: string): void {
  const elsewhere = join(root.folder, 'elsewhere');
  writeFileSync(elsewhere, '');
  rmSync(folder, { recursive: true });
  symlinkSync(elsewhere, folder);
}

function assertHost(root: MachineRoot, version: string | undefined): void {
  const hosts = readHosts(root);
  assert.deepEqual([hosts?.version, hosts?.state], [version, 'committed'], toldIn(root));
}

function setSeconds({ root }: Pick<Bench, 'root'>, name: string, seconds: number): void {
  openRegistry(root).change([{ key: keys.agent, name, value: number(seconds) }]);
}

function toldIn(root: MachineRoot): string {
  return [root.susLog, root.wsusLog].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

async function until(isSo: () => boolean, why: () => string): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(50)) if (isSo()) return;
  assert.fail(`it never came to that\n${why()}`);
}
