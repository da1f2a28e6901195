// A release that starts and then does not do an agent's work never becomes the agent: the version before goes on, says
// why, and a mended release reaches it. Each with built bundles, most of them the real agent with one defect.
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { SimulatedRelease } from '@moult/simulator';
import { readCurrent } from '../src/host/current.ts';
import { startHost } from '../src/host/host.ts';
import { keys } from '../src/machine/keys.ts';
import type { MachineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { assertStillOld, failuresIn, openBench } from './bench.ts';
import { type Lab, newVersion, oldVersion, openLab, programDoing, runDue, runOnce } from './lab.ts';

let lab: Lab;
before(async () => {
  lab = await openLab();
});
after(() => lab.close());

const good = (): SimulatedRelease => lab.release('wsus', newVersion);

/** The real program, where `text` is something else: a release with one defect. */
function withDefect(text: string, instead: string): SimulatedRelease['files'] {
  const [file] = good().files;
  const source = Buffer.from(file?.bytes ?? []).toString('utf8');
  assert.ok(source.includes(text), `the bundle does not hold ${text}`);
  return [{ name: 'agent.mjs', bytes: Buffer.from(source.replaceAll(text, instead)) }];
}

/** Healthy at once, then `source` when the host tells it to begin; `version` is the released one. */
function onceHealthy(source: string, says = ''): SimulatedRelease['files'] {
  return programDoing(
    `process.on('disconnect', () => process.exit(0));
     process.on('message', (message) => { if (message.kind === 'stop') process.exit(0); ${source} });
     process.send({ kind: 'healthy', version: '${newVersion}'${says} });`,
  );
}

describe('a release that starts, and then', { concurrency: 2 }, () => {
  const cases: { what: string; files(): SimulatedRelease['files']; says: RegExp; qualifySeconds?: number }[] = [
    {
      what: 'crashes in its detection',
      files: () => onceHealthy("if (message.kind === 'begin') throw new Error('broken detection');"),
      says: /ended before it qualified: exit code 1 .*broken detection/,
    },
    {
      what: 'hangs in its detection',
      files: () => onceHealthy("if (message.kind === 'begin') for (;;);"),
      says: /did not qualify within 2 s/,
      qualifySeconds: 2,
    },
    {
      what: 'eats memory until it dies',
      // The system's memory killer ends what takes too much: here the program does it to itself.
      files: () =>
        onceHealthy(`const eaten = [];
          while (message.kind === 'begin') {
            eaten.push(Buffer.alloc(10_000_000, 1));
            if (process.memoryUsage.rss() > 200_000_000) process.kill(process.pid, 'SIGKILL');
          }`),
      says: /ended before it qualified: SIG/,
    },
    {
      what: 'ends with exit code 0',
      files: () => onceHealthy("if (message.kind === 'begin') process.exit(0);"),
      says: /ended before it qualified: exit code 0/,
    },
    {
      what: 'qualifies as another version',
      files: () =>
        onceHealthy(
          "if (message.kind === 'begin') process.send({ kind: 'qualified', version: '1.2.3.4' });",
          ', qualifies: true',
        ),
      says: /did not qualify within 2 s/,
      qualifySeconds: 2,
    },
    {
      what: 'says that it finished, although it knows that it must qualify',
      files: () =>
        onceHealthy(
          "if (message.kind === 'begin') process.send({ kind: 'finished', outcome: { ok: true, hresult: 0, message: '' } });",
          ', qualifies: true',
        ),
      says: /did not qualify within 2 s/,
      qualifySeconds: 2,
    },
    {
      what: 'cannot reach the server',
      files: () => withDefect('/iuident.cab', '/no-such-ident.cab'),
      says: /could not finish a detection \(0x80244019/,
    },
    {
      what: 'reaches the server and cannot read what it says',
      files: () => withDefect('MSCF', 'MSCX'),
      says: /could not finish a detection|ended before it/,
    },
    {
      what: 'throws in its detection',
      files: () => withDefect('async detect(', 'async detect() { throw new Error("broken detect"); } async unused('),
      says: /ended before it qualified: .*broken detect|could not finish a detection/,
    },
  ];
  for (const { what, files, says, qualifySeconds } of cases) {
    it(`${what}: the old version goes on, says why, and a mended release reaches it`, async () => {
      await using at = await openBench(lab, { ...good(), files: files() });
      if (qualifySeconds) setSeconds(at.root, 'QualifyTimeoutSeconds', qualifySeconds);
      const outcome = await runOnce(at.root);
      assert.equal(outcome?.code, 'AGENT_SELFUPDATE_TRIAL_FAILED', outcome?.message);
      assert.match(outcome.message, says);
      assertStillOld(at.root);
      assert.ok(failuresIn(at.server).length >= 1, 'the server hears of it');
      await at.server.publish(lab.release('wsus', '7.9.0.2'));
      if (qualifySeconds) setSeconds(at.root, 'QualifyTimeoutSeconds', 600);
      const mended = await runDue(at.root);
      assert.equal(mended?.ok, true, mended?.message);
      assert.equal(readStatus(at.root).version, '7.9.0.2');
    });
  }
});

describe('a version that qualified, and then', { concurrency: 2 }, () => {
  it('dies again and again gives way to the one before it, which is still there', async () => {
    const files = onceHealthy(
      `if (message.kind === 'begin' && message.trial) process.send({ kind: 'qualified', version: '${newVersion}' });
       else process.exit(9);`,
      ', qualifies: true',
    );
    await using at = await openBench(lab, { ...good(), files });
    const host = startHost(at.root, { now: true });
    await until(() => {
      const current = readCurrent(at.root);
      return current?.version === oldVersion && (current.failed[0]?.version ?? '') === newVersion;
    });
    await host.stop();
    assertStillOld(at.root);
    assert.match(
      readStatus(at.root)
        .failedTrials.map(({ version }) => version)
        .join(),
      /7\.9\.0\.1/,
    );
  });

  it('takes the machine down before each detection gives way after five starts', async () => {
    await using at = await openBench(lab, good());
    committedUnproven(at.root, 5);
    await runDue(at.root).catch(() => undefined);
    const log = startsTold(at.root);
    assert.match(log, /was started 5 times and never finished a detection\. Back to 5\.4\.0\.1/);
  });

  it('finishes a detection is proven: later starts do not count against it', async () => {
    await using at = await openBench(lab, good());
    committedUnproven(at.root, 4);
    const outcome = await runOnce(at.root);
    assert.equal(outcome?.ok, true, outcome?.message);
    const current = readCurrent(at.root);
    assert.deepEqual(
      [current?.version, current?.proven, current?.starts, current?.previous?.version],
      [newVersion, true, undefined, oldVersion],
    );
  });

  it('is damaged on the disk: the one before it is there', async () => {
    await using at = await openBench(lab, good());
    await runOnce(at.root);
    writeFileSync(join(at.root.versionsFolder, newVersion, 'agent.mjs'), '// damaged');
    const host = startHost(at.root);
    await until(() => readStatus(at.root).version === oldVersion);
    await host.stop();
    assert.equal(readStatus(at.root).intact, true);
  });
});

describe('a trial does not', { concurrency: 2 }, () => {
  it('tell the server that the version is installed before it is', async () => {
    await using at = await openBench(lab, { ...good(), files: withDefect('/iuident.cab', '/no-such-ident.cab') });
    await runOnce(at.root);
    assert.ok(!at.server.pings().some((query) => /A=s&.*S=s/.test(query)), at.server.pings().join('\n'));
  });
});

/** The machine as it is after a trial that was won: both versions on the disk, no detection since. */
function committedUnproven(root: MachineRoot, starts: number): void {
  cpSync(join(lab.releases, 'wsus', newVersion), join(root.versionsFolder, newVersion), { recursive: true });
  const previous = { version: oldVersion, generation: 'sus' };
  const current = { version: newVersion, generation: 'wsus', state: 'committed', previous, proven: false, starts };
  writeFileSync(root.currentFile, JSON.stringify({ ...current, failed: [] }));
}

function startsTold(root: MachineRoot): string {
  return [root.susLog, root.wsusLog].map(textOf).join('\n');
}

function setSeconds(root: MachineRoot, name: string, seconds: number): void {
  openRegistry(root).change([{ key: keys.agent, name, value: number(seconds) }]);
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(50)) if (isSo()) return;
  assert.fail('it never came to that');
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
