// An uninstallation leaves the machine as it was: from a whole agent, from half of one, from a broken one.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { keys } from '../src/machine/keys.ts';
import { noteProcess, tryLock } from '../src/machine/lock.ts';
import { machineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry, text } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { installService } from '../src/service/service.ts';
import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
import { agents, filesOf, folder, linux, nextNumber, use, usedMachine } from './uninstall-lab.ts';

describe('moult agent uninstall', () => {
  it('with --purge leaves nothing at all of a machine in a folder', async () => {
    const root = await usedMachine();
    const done = await uninstallAgent(root, { ...linux, purge: true });
    assert.deepEqual([done.problems, done.left, existsSync(root.folder)], [[], [], false]);
    assert.deepEqual((await uninstallAgent(root, { ...linux, purge: true })).removed, [], 'and a second one is fine');
    assert.ok(!existsSync(root.folder));
  });

  it('without --purge leaves history and registry, and names every file that it leaves', async () => {
    const root = await usedMachine();
    const { clientId } = readStatus(root);
    const { left, problems } = await uninstallAgent(root, linux);
    assert.deepEqual(problems, []);
    const stay = filesOf(root);
    assert.deepEqual(stay, [
      'Program Files/WindowsUpdate/V4/urllog.dat',
      'Windows/SoftwareDistribution/EventCache/1.json',
      'Windows/SoftwareDistribution/ReportingEvents.log',
      'Windows/WindowsUpdate.log',
      'Windows/WindowsUpdate.log.old',
      'Windows/moult-agent-host.out',
      'registry.reg',
    ]);
    const isNamed = (file: string) => left.some(({ name }) => `${join(root.folder, file)}/`.startsWith(`${name}/`));
    assert.deepEqual(
      stay.filter((file) => !isNamed(file)),
      [],
    );
    const registry = openRegistry(root).read();
    assert.ok(!registry.hasKey(keys.policy), 'the installation had made it');
    assert.ok(!registry.hasKey(keys.agent));
    const again = await agents.install(root.folder);
    assert.equal(readStatus(again).clientId, clientId, 'the server knows it again');
  });

  it('says nothing of events when the server has taken them all', async () => {
    const root = await usedMachine();
    for (const name of readdirSync(root.eventCacheFolder)) rmSync(join(root.eventCacheFolder, name));
    const { left, problems } = await uninstallAgent(root, linux);
    assert.deepEqual([problems, existsSync(root.eventCacheFolder)], [[], false]);
    assert.ok(!left.some(({ name }) => name === root.eventCacheFolder));
  });

  it('tells with --dry-run what it does later, and changes nothing', async () => {
    const root = await usedMachine();
    const [before, registry] = [filesOf(root), readFileSync(root.registryFile ?? '', 'latin1')];
    for (const purge of [false, true]) {
      const told = await uninstallAgent(root, { ...linux, purge, dryRun: true });
      assert.deepEqual([filesOf(root), readFileSync(root.registryFile ?? '', 'latin1')], [before, registry]);
      const copy = join(folder, `copy-${nextNumber()}`);
      cpSync(root.folder, copy, { recursive: true });
      const there = machineRoot(copy);
      // The unit in the copy names the machine that it was copied from.
      rmSync(join(copy, 'etc'), { recursive: true });
      await installService(there, { ...linux, start: false });
      const done = await uninstallAgent(there, { ...linux, purge });
      const names = (things: { name: string }[], base: string) =>
        things
          .map(({ name }) => name.replace(base, ''))
          .filter((name) => !name.includes('multi-user'))
          .sort();
      assert.deepEqual(names(told.removed, root.folder), names(done.removed, copy));
      assert.deepEqual(names(told.left, root.folder), names(done.left, copy));
    }
  });

  it('sets the registry back to what it was, and leaves what an administrator set since', async () => {
    const folderOfMachine = join(folder, `machine-${nextNumber()}`);
    const root = machineRoot(folderOfMachine);
    mkdirSync(root.folder);
    const mine = [
      { key: keys.policy, name: 'WUServer', value: text('http://before:8530') },
      { key: keys.policy, name: 'TargetGroup', value: { type: 'REG_EXPAND_SZ', data: '%GROUP%' } as const },
      { key: keys.policyAu, name: 'DetectionFrequency', value: number(7) },
      { key: keys.maintenance, name: 'Activation Boundary', value: text('2000-01-01T05:00:00') },
    ];
    openRegistry(root).change(mine);
    await agents.install(folderOfMachine);
    // Twice: what the first one wrote is not what was there before.
    await agents.install(folderOfMachine, { server: 'http://127.0.0.1:10', network: { bandwidth: 5 } });
    await use(root);
    const since = [
      { key: keys.policyAu, name: 'AUOptions', value: number(3) },
      { key: keys.agent, name: 'TrustMirrors', value: text('http://mirror') },
      { key: keys.limits, name: 'agent.maxWaitMs', value: number(90_000_000) },
    ];
    openRegistry(root).change(since);
    writeFileSync(root.policyConfig, '{"AUOptions": 3}');
    const { left, problems } = await uninstallAgent(root, linux);
    assert.deepEqual(problems, []);
    const registry = openRegistry(root).read();
    const names = (key: string) =>
      registry
        .values(key)
        .map(({ name }) => name)
        .sort();
    assert.deepEqual(names(keys.policy), ['TargetGroup', 'WUServer']);
    assert.deepEqual(names(keys.policyAu), ['AUOptions', 'DetectionFrequency']);
    assert.deepEqual(names(keys.agent), ['TrustMirrors']);
    for (const { key, name, value } of [...mine, ...since]) {
      assert.deepEqual(registry.value(key, name), value, name);
      assert.ok(
        left.some((thing) => thing.name === `${key}\\${name}`),
        name,
      );
    }
    assert.deepEqual(readdirSync(root.agentFolder), ['policy.json']);
  });

  it('leaves the policy of an agent whose installation was not recorded, and says so', async () => {
    const root = await usedMachine();
    rmSync(root.installRecord);
    const { left } = await uninstallAgent(root, linux);
    assert.ok(left.some(({ name }) => name === `${keys.policy}\\WUServer`));
    assert.ok(!openRegistry(root).read().hasKey(keys.agent));
  });

  it('leaves what updates installed and what others put there, and names it', async () => {
    const root = await usedMachine();
    for (const path of ['Program Files/App/app.txt', 'Windows/own.txt', 'notes.txt', 'etc/hosts']) {
      mkdirSync(dirname(join(root.folder, path)), { recursive: true });
      writeFileSync(join(root.folder, path), 'x');
    }
    const { left } = await uninstallAgent(root, { ...linux, purge: true });
    assert.deepEqual(filesOf(root), ['Program Files/App/app.txt', 'Windows/own.txt', 'etc/hosts', 'notes.txt']);
    assert.deepEqual(left.map(({ name }) => relative(root.folder, name)).sort(), [
      'Program Files/App',
      'Windows/own.txt',
      'etc',
      'notes.txt',
    ]);
  });

  it('works with each part of the agent already gone', async () => {
    const whole = await usedMachine();
    const parts = [...filesOf(whole), 'Program Files', 'Program Files/Moult/Agent', 'Windows', 'etc'];
    for (const part of parts) {
      const root = machineRoot(join(folder, `half-${nextNumber()}`));
      cpSync(whole.folder, root.folder, { recursive: true });
      rmSync(join(root.folder, 'etc'), { recursive: true });
      await installService(root, { ...linux, start: false });
      rmSync(join(root.folder, part), { recursive: true, force: true });
      const { problems } = await uninstallAgent(root, { ...linux, purge: true });
      assert.deepEqual([problems, filesOf(root)], [[], []], part);
    }
  });

  it('works on a broken agent', async () => {
    const root = await usedMachine();
    for (const file of [root.currentFile, root.hostProgram, root.installRecord, root.hostLock, root.installerMark])
      writeFileSync(file, '{{{');
    writeFileSync(root.registryFile ?? '', 'rubbish');
    const { problems } = await uninstallAgent(root, linux);
    assert.match(problems.join(), /^The registry stays as it is: The registry file cannot be read/);
    assert.ok(!existsSync(root.versionsFolder) && !existsSync(root.hostProgram));
    assert.deepEqual((await uninstallAgent(root, { ...linux, purge: true })).problems, []);
    assert.ok(!existsSync(root.folder));
  });

  it('follows no link that lies in the place of a folder or file of ours', async () => {
    const places = [
      'Program Files',
      'Program Files/Moult',
      'Program Files/Moult/Agent',
      'Program Files/Moult/Agent/versions',
    ];
    places.push('Windows', 'Windows/SoftwareDistribution', 'Windows/SoftwareDistribution/Download', 'registry.reg');
    for (const place of places) {
      const root = await usedMachine();
      const outside = join(mkdtempSync(join(folder, 'outside-')), 'theirs');
      renameSync(join(root.folder, place), outside);
      symlinkSync(outside, join(root.folder, place));
      const before = lstatSync(outside).isDirectory()
        ? readdirSync(outside, { recursive: true })
        : [readFileSync(outside, 'latin1')];
      const { left, removed } = await uninstallAgent(root, { ...linux, purge: true });
      const now = lstatSync(outside).isDirectory()
        ? readdirSync(outside, { recursive: true })
        : [readFileSync(outside, 'latin1')];
      assert.deepEqual(now, before, place);
      assert.ok(
        removed.every(({ name }) => !name.startsWith(outside)),
        place,
      );
      assert.ok(
        left.some(({ why = '' }) => why.includes('is a link')),
        `${place}: ${JSON.stringify(left)}`,
      );
    }
  });

  it('refuses while an installer runs, and while the agent is being installed', async () => {
    const root = await usedMachine();
    const before = filesOf(root).length;
    noteProcess(root.installerMark, process.pid);
    await assert.rejects(uninstallAgent(root, linux), { code: 'AGENT_HOST_INSTALLING' });
    await assert.rejects(uninstallAgent(root, { ...linux, dryRun: true }), { code: 'AGENT_HOST_INSTALLING' });
    assert.equal(filesOf(root).length, before + 1);
    // The same process id, and another process.
    writeFileSync(root.installerMark, JSON.stringify({ pid: process.pid, started: '1' }));
    const lock = tryLock(root.setupLock);
    assert.ok('release' in lock);
    await assert.rejects(uninstallAgent(root, linux), { code: 'AGENT_HOST_RUNNING' });
    await assert.rejects(agents.install(root.folder), { code: 'AGENT_HOST_RUNNING' });
    lock.release();
    assert.deepEqual((await uninstallAgent(root, linux)).problems, []);
  });

  it('removes nothing but the service while a host holds the machine and does not stop', async () => {
    const root = await usedMachine();
    const host = spawn(process.execPath, [
      '--eval',
      "process.on('SIGTERM', () => {}); console.log(1); setInterval(() => {}, 1000)",
    ]);
    try {
      await new Promise((resolve) => host.stdout.once('data', resolve));
      noteProcess(root.hostLock, host.pid ?? 0);
      const { problems } = await uninstallAgent(root, { ...linux, waitMs: 100 });
      assert.deepEqual(problems, [`The agent (process ${host.pid}) does not stop.`]);
      assert.ok(existsSync(root.hostProgram) && existsSync(root.versionsFolder));
    } finally {
      host.kill('SIGKILL');
    }
  });

  it('does not touch the agent if its service cannot be removed', async () => {
    const root = await usedMachine();
    const unit = join(root.folder, 'etc/systemd/system/moult-agent.service');
    writeFileSync(unit, '[Service]\nExecStart=/usr/bin/true\n');
    const { left, problems } = await uninstallAgent(root, linux);
    assert.deepEqual(problems, []);
    assert.ok(existsSync(unit) && left.some(({ name }) => name === unit), 'one of somebody else stays');
  });
});
