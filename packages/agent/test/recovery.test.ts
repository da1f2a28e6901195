// Whatever is deleted or spoilt on a machine, its host brings an agent back, by itself: from the version before, from a copy, or
// from the server. And nobody but the operator can use that way.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedRelease } from '@moult/simulator';
import { readCurrent } from '../src/host/current.ts';
import { startHost } from '../src/host/host.ts';
import { readHosts } from '../src/host/hosts-file.ts';
import { keys } from '../src/machine/keys.ts';
import { lockHolder } from '../src/machine/lock.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { readStatus, requestDetection } from '../src/read-status.ts';
import { type Bench, openBench } from './bench.ts';
import { buildHostRelease, type Lab, newVersion, oldVersion, openLab, programDoing, runBuilt } from './lab.ts';
import { sampleNote, sampleOf, walking } from './sample.ts';

const newHost = '7.9.0.0';
const parallel = 2;

let lab: Lab;
let whole: Bench;
let machines = 0;
before(async () => {
  lab = await openLab({ installedHost: '7.8.0.0' });
  const host = await buildHostRelease(join(lab.folder, 'hosts'), newHost);
  whole = await openBench(lab, lab.release('wsus', newVersion), { host });
  assert.equal(await runBuilt(whole.root), 0, toldIn(whole.root));
  assertWell(whole.root, 'at first');
});
after(async () => {
  await whole[Symbol.asyncDispose]();
  lab.close();
});

/** The machine as it was after a good detection: two versions, a newer host, copies of what is needed. */
function machine(): MachineRoot {
  machines += 1;
  const folder = join(lab.folder, `spoilt-${machines}`);
  cpSync(whole.root.folder, folder, { recursive: true });
  return machineRoot(folder);
}

function assertWell(root: MachineRoot, where: string): void {
  const status = readStatus(root);
  assert.deepEqual(
    [status.version, status.intact, status.trial],
    [newVersion, true, undefined],
    `${where}\n${toldIn(root)}`,
  );
  assert.deepEqual(
    [readHosts(root)?.version, readHosts(root)?.state],
    [newHost, 'committed'],
    `${where}\n${toldIn(root)}`,
  );
}

describe('each file of a machine', () => {
  const ways: [string, (file: string) => void][] = [
    ['is deleted', (file) => rmSync(file)],
    ['is empty', (file) => writeFileSync(file, '')],
    ['is rubbish', (file) => writeFileSync(file, Buffer.from([0, 255, 123, 10, 254, 0, 34]))],
    ['is cut in half', (file) => writeFileSync(file, readFileSync(file).subarray(0, statSync(file).size / 2))],
    [
      'is a folder',
      (file) => {
        rmSync(file);
        mkdirSync(join(file, 'x'), { recursive: true });
      },
    ],
  ];
  for (const [what, spoil] of ways) {
    it(`${what}, one after the other: the agent and its host are there again`, async (test) => {
      // host.mjs is what is started: without it nothing runs. Logs are written, never read.
      const files = globSync('**', { cwd: whole.root.folder })
        .filter((name) => statSync(join(whole.root.folder, name)).isFile())
        .filter((name) => !/Agent.host\.mjs$|\.log$/.test(name));
      assert.ok(files.length >= 12, files.join('\n'));
      const isState = (name: string) => /(current|hosts)\.json$|registry\.reg$|operator-ca\.cer$/.test(name);
      const taken = sampleOf(files, { count: 4, nameOf: (name) => `${what} ${name}`, always: isState });
      await walking(() =>
        forEach(taken, async (name) => {
          const root = machine();
          spoil(join(root.folder, name));
          const exit = await runBuilt(root);
          assert.equal(exit, 0, `${name} ${what}\n${toldIn(root)}`);
          assertWell(root, `${name} ${what}`);
          rmSync(root.folder, { recursive: true });
        }),
      );
      test.diagnostic(`${taken.length} of ${files.length} files; ${sampleNote}`);
    });
  }

  it('is deleted with all others of its folder: the agent and its host are there again', async () => {
    const folders = (root: MachineRoot): [string, string[]][] => [
      ['both versions', [root.versionsFolder]],
      ['all hosts', [root.hostsFolder]],
      ['versions and hosts', [root.versionsFolder, root.hostsFolder]],
      ['versions, hosts and their state', [root.versionsFolder, root.hostsFolder, root.currentFile, root.hostsFile]],
      ['state', [root.currentFile, root.hostsFile, root.dataStoreFolder, root.selfUpdateFolder]],
      ['copies', [root.keptFolder]],
      [
        'versions, and what they were reached by',
        [root.versionsFolder, root.operatorCertificate, root.registryFile ?? ''],
      ],
    ];
    await forEach(folders(whole.root), async ([what], index) => {
      const root = machine();
      for (const path of folders(root)[index]?.[1] ?? []) rmSync(path, { recursive: true, force: true });
      assert.equal(await runBuilt(root), 0, `${what}\n${toldIn(root)}`);
      assertWell(root, what);
    });
  });
});

describe('a host without any version', { concurrency: 2 }, () => {
  const bare = (at: Bench): MachineRoot => {
    rmSync(at.root.versionsFolder, { recursive: true });
    return at.root;
  };
  const bench = () => openBench(lab, lab.release('wsus', newVersion));

  it('waits while its server is away, and is an agent again when it is back and somebody asks', async () => {
    await using at = await bench();
    const root = bare(at);
    at.server.setFault(/./, { kind: 'status', status: 503 });
    using service = spawn(process.execPath, [root.hostProgram, ...root.programArguments], { stdio: 'ignore' });
    const gone = new Promise((resolve) => service.once('close', resolve));
    await until(
      () => /No version could be fetched: .*503/.test(toldIn(root)),
      () => toldIn(root),
    );
    assert.equal(service.exitCode, null);
    at.server.clearFaults();
    assert.ok(requestDetection(root));
    await until(
      () => readStatus(root).version === newVersion && readStatus(root).intact,
      () => toldIn(root),
    );
    service.kill('SIGTERM');
    await gone;
    assert.equal(lockHolder(root.hostLock), undefined);
  });

  it('stops when it is told to', async () => {
    await using at = await bench();
    const root = bare(at);
    at.server.setFault(/./, { kind: 'status', status: 404 });
    const host = startHost(root);
    await until(
      () => /No version could be fetched/.test(toldIn(root)),
      () => toldIn(root),
    );
    await host.stop();
    assert.equal(await host.finished, undefined);
    assert.equal(lockHolder(root.hostLock), undefined);
  });

  for (const kind of ['wrong-signature', 'altered'] as const) {
    it(`takes nothing that comes with ${kind}`, async () => {
      await using at = await bench();
      const root = bare(at);
      at.server.setFault(/./, { kind });
      assert.equal(await runBuilt(root), 1);
      assert.ok(!existsSync(root.versionsFolder) || globSync('**', { cwd: root.versionsFolder }).length <= 1);
      at.server.clearFaults();
      assert.equal(await runBuilt(root), 0, toldIn(root));
    });
  }

  it('takes no release of something else, and no older ident than it has seen', async () => {
    await using at = await openBench(lab, { ...lab.release('wsus', newVersion), product: 'moult-host' });
    const root = bare(at);
    assert.equal(await runBuilt(root), 1);
    await using seen = await openBench(lab, lab.release('wsus', '7.9.0.2'), {
      now: new Date(Date.now() + 3 * 86_400_000),
    });
    assert.equal(await runBuilt(seen.root), 0, toldIn(seen.root));
    const server = readStatus(seen.root).server ?? '';
    await using old = await openBench(lab, lab.release('wsus', newVersion));
    const registry = readFileSync(seen.root.registryFile ?? '').toString('utf16le');
    const elsewhere = registry.replaceAll(server, readStatus(old.root).server ?? '');
    writeFileSync(seen.root.registryFile ?? '', Buffer.from(elsewhere, 'utf16le'));
    assert.equal(await runBuilt(bare(seen)), 1);
    assert.match(toldIn(seen.root), /Something answers with an old copy/);
  });

  it('says that its disk is full, leaves nothing behind, and goes on when there is room', async () => {
    await using at = await bench();
    const root = bare(at);
    const full = {
      NODE_OPTIONS: `--import ${new URL('full-disk.mjs', import.meta.url).href}`,
      MOULT_TEST_FULL_DISK: '[\\\\/]versions[\\\\/]',
    };
    assert.equal(await runBuilt(root, full), 1);
    assert.match(toldIn(root), /No version could be fetched: Version 7\.9\.0\.1 cannot be written .*ENOSPC/);
    assert.deepEqual(globSync('*', { cwd: root.versionsFolder }), []);
    assert.equal(await runBuilt(root), 0, toldIn(root));
  });
});

describe('a version that qualified, and then', { concurrency: 2 }, () => {
  /** Qualifies; `source` is what it does when it is the agent. */
  const qualifies = (source: string): SimulatedRelease => ({
    ...lab.release('wsus', newVersion),
    files: programDoing(
      `process.on('disconnect', () => process.exit(0));
       process.on('message', (message) => {
         if (message.kind === 'stop') process.exit(0);
         if (message.kind === 'begin' && message.trial) return process.send({ kind: 'qualified', version: '${newVersion}' });
         if (message.kind === 'begin' || message.kind === 'committed' || message.kind === 'detect') { ${source} }
       });
       process.send({ kind: 'healthy', version: '${newVersion}', qualifies: true });`,
    ),
  });

  it('never says anything again gives way to the one before it', async (test) => {
    await using at = await openBench(lab, qualifies('for (;;);'));
    const host = startHost(at.root, { now: true, longestSilenceMs: 2000 });
    test.after(() => host.stop());
    await until(
      () => (readCurrent(at.root)?.failed.length ?? 0) > 0,
      () => toldIn(at.root),
    );
    await host.stop();
    assert.deepEqual(
      [readCurrent(at.root)?.version, readCurrent(at.root)?.failed[0]?.version],
      [oldVersion, newVersion],
    );
    assert.match(toldIn(at.root), /It was silent for too long, 2 times/);
  });

  it('never comes to a good detection is replaced by a newer one that the host itself finds', async () => {
    const fails = "process.send({ kind: 'finished', outcome: { ok: false, hresult: 1, message: 'no' } });";
    await using at = await openBench(lab, qualifies(fails));
    setSeconds(at.root, 'RecoverAfterSeconds', 2);
    const host = startHost(at.root, { now: true });
    await until(
      () => readCurrent(at.root)?.version === newVersion && readCurrent(at.root)?.state === 'committed',
      () => toldIn(at.root),
    );
    await at.server.publish(lab.release('wsus', '7.9.0.2'));
    await until(
      () => readCurrent(at.root)?.version === '7.9.0.2' && readCurrent(at.root)?.proven === true,
      () => toldIn(at.root),
    );
    await host.stop();
    assert.match(toldIn(at.root), /has not finished a good detection for long/);
  });

  it('dies again and again, with nothing before it, is replaced by what the host itself finds', async (test) => {
    await using at = await openBench(lab, lab.release('wsus', newVersion));
    const root = await lab.machine({
      server: readStatus(at.root).server ?? '',
      generation: 'wsus',
      version: newVersion,
    });
    setSeconds(root, 'RecoverAfterSeconds', 3600);
    replaceAgent(root, 'process.exit(7)');
    await at.server.publish(lab.release('wsus', '7.9.0.2'));
    const host = startHost(root);
    test.after(() => host.stop());
    await until(
      () => readCurrent(root)?.version === '7.9.0.2' && readCurrent(root)?.state === 'committed',
      () => toldIn(root),
    );
    // The dead one was to be started again 4 s after its death: by then there is another agent, and only that one.
    await pause(5000);
    await host.stop();
    if (process.platform === 'linux') assert.deepEqual(programsOf(root), [], 'nobody else was started');
  });
});

/** Command lines of the programs of a machine that live. */
function programsOf({ versionsFolder }: MachineRoot): string[] {
  return globSync('/proc/[0-9]*/cmdline')
    .map((file) => {
      try {
        return readFileSync(file, 'utf8');
      } catch {
        return '';
      }
    })
    .filter((command) => command.includes(versionsFolder));
}

/** Another program in the place of the agent, as if it had been released so. */
function replaceAgent(root: MachineRoot, source: string): void {
  const folder = join(root.versionsFolder, newVersion);
  const release = JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8'));
  writeFileSync(join(folder, 'agent.mjs'), source);
  Object.assign(release.files[0], {
    sizeBytes: source.length,
    sha256: createHash('sha256').update(source).digest('hex'),
  });
  writeFileSync(join(folder, 'release.json'), JSON.stringify(release));
}

function setSeconds(root: MachineRoot, name: string, seconds: number): void {
  openRegistry(root).change([{ key: keys.agent, name, value: number(seconds) }]);
}

async function forEach<T>(all: readonly T[], run: (one: T, index: number) => Promise<void>): Promise<void> {
  const queue = [...all.entries()];
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await run(next[1], next[0]);
    }),
  );
}

function toldIn(root: MachineRoot): string {
  return [root.susLog, root.wsusLog].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\n');
}

async function until(isSo: () => boolean, why: () => string): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(50)) if (isSo()) return;
  assert.fail(`it never came to that\n${why()}`);
}
