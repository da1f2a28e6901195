// An uninstallation or installation that was killed is completed by the next one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { keys } from '../src/machine/keys.ts';
import { machineRoot } from '../src/machine/machine-root.ts';
import { openRegistry } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
import { placeRelease } from './plain-machine.ts';
import { agents, filesOf, folder, linux, nextNumber, preload, usedMachine } from './uninstall-lab.ts';

describe('killed in the middle', () => {
  /** A setup as a program of its own. */
  async function program(source: string): Promise<string> {
    const file = join(folder, `${nextNumber()}`, 'host.mjs');
    await build({
      stdin: { contents: source, resolveDir: fileURLToPath(new URL('.', import.meta.url)), loader: 'ts' },
      ...{ outfile: file, bundle: true, platform: 'node', format: 'esm', target: 'node24', logLevel: 'error' },
      banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    });
    return file;
  }

  /** The disk as it was before each step of the program: each state once, whatever the process id in its names. */
  async function atEachStep(
    file: string,
    before: string,
    check: (machine: string, what: string) => Promise<void>,
  ): Promise<number> {
    const [machine, record, snapshots] = ['machine', 'steps', 'snapshots'].map((name) =>
      join(folder, `${name}-${nextNumber()}`),
    );
    assert.ok(machine && record && snapshots);
    cpSync(before, machine, { recursive: true });
    mkdirSync(snapshots);
    const plan = JSON.stringify({ record, snapshots, root: machine });
    const env = { ...process.env, NODE_OPTIONS: `--import ${preload}`, MOULT_TEST_KILL: plan };
    const { status, stderr, pid } = spawnSync(process.execPath, [file, machine], { env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const steps = readFileSync(record, 'utf8').trim().split('\n');
    assert.ok(steps.length > 15, steps.join('\n'));
    const seen = new Set<string>();
    for (const step of steps) {
      const [name = '', what = ''] = step.split('\t');
      const disk = join(snapshots, name);
      const state = filesOf({ folder: disk }).map((path) => `${path} ${readFileSync(join(disk, path), 'latin1')}`);
      const plain = state.join('\n').replaceAll(`${pid}`, 'PID');
      if (seen.has(plain)) continue;
      seen.add(plain);
      await check(disk, `before ${what}`);
    }
    assert.ok(seen.size > 10, `${seen.size}`);
    return seen.size;
  }

  it('an uninstallation is completed by the next one', async (test) => {
    const root = await usedMachine();
    rmSync(join(root.folder, 'etc'), { recursive: true });
    const source = `
      import { machineRoot } from '../src/machine/machine-root.ts';
      import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
      const { problems } = await uninstallAgent(machineRoot(process.argv[2]), { platform: 'linux' });
      process.exitCode = problems.length;`;
    const file = await program(source);
    const steps = await atEachStep(file, root.folder, async (machine, what) => {
      const there = machineRoot(machine);
      assert.deepEqual((await uninstallAgent(there, linux)).problems, [], what);
      assert.ok(!existsSync(there.agentFolder), what);
      const registry = openRegistry(there).read();
      assert.ok(!registry.hasKey(keys.policy) && !registry.hasKey(keys.agent), what);
    });
    test.diagnostic(`${steps} states of the disk`);
  });

  it('an installation is completed by the next one, and taken back by an uninstallation', async (test) => {
    const certificate = join(folder, 'ca.pem');
    writeFileSync(certificate, agents.ca.certificatePem);
    const source = `
      import { readFileSync } from 'node:fs';
      import { machineRoot } from '../src/machine/machine-root.ts';
      import { installAgent } from '../src/install-agent.ts';
      await installAgent(machineRoot(process.argv[2]), { server: 'http://127.0.0.1:9', generation: 'wsus',
        releaseFolder: ${JSON.stringify(agents.releases)}, operatorCertificate: readFileSync(${JSON.stringify(certificate)}) });`;
    const file = await program(source);
    // Over an older agent: it is the agent until the new one is.
    const older = machineRoot(join(folder, 'older'));
    const releases = join(folder, 'older-releases');
    placeRelease(join(releases, 'wsus', '7.8.0.0'), 'moult-agent', '7.8.0.0');
    placeRelease(join(releases, 'host', '7.8.0.0'), 'moult-host', '7.8.0.0');
    await agents.install(older.folder, { releaseFolder: releases });
    const steps = await atEachStep(file, older.folder, async (machine, what) => {
      const there = machineRoot(machine);
      const { version = '', intact } = readStatus(there);
      assert.ok(['7.8.0.0', '7.9.0.2'].includes(version) && intact, `${what}: ${version} ${intact}`);
      const copy = `${machine}-removed`;
      cpSync(machine, copy, { recursive: true });
      await agents.install(machine);
      const after = readStatus(there);
      assert.deepEqual([after.version, after.intact, after.server], ['7.9.0.2', true, 'http://127.0.0.1:9'], what);
      assert.deepEqual(readdirSync(there.versionsFolder), ['7.9.0.2'], what);
      for (const one of [there, machineRoot(copy)]) {
        assert.deepEqual((await uninstallAgent(one, { ...linux, purge: true })).problems, [], what);
        assert.ok(!existsSync(one.folder), `${what}: ${filesOf(one)}`);
      }
    });
    test.diagnostic(`${steps} states of the disk`);
  });
});
