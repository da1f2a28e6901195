// The agent on Windows, as far as Wine is one: the built programs under the Windows build of Node, Wine's registry, its
// drive C:, its processes and its rules about open files. docs/agent.md claims what this shows, and no more.
// wine-update.test.ts has its update to the next release.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { agentReleases, buildAgent } from '../../../scripts/build.ts';
import { canRunWine, windowsNode } from '../../../scripts/windows-node.ts';
import type { AgentStatus } from '../src/read-status.ts';
import { oldVersion, scratchFolder } from './lab.ts';
import { bundleForWindows, onWindows, openWineMachine, type WineMachine } from './wine-lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

/** What the command brings. */
const newVersion = agentReleases.find(({ generation }) => generation === 'wsus')?.version ?? '';
const policyKey = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';
let folder: string;
let machine: WineMachine;
let server: WsusLab;

describe('the agent on Windows (Wine)', { skip: !canRunWine && 'Wine and node.exe need Linux on x64' }, () => {
  before(async () => {
    folder = scratchFolder('moult-wine-');
    const releases = join(folder, 'releases');
    await Promise.all([buildAgent(releases, 'sus', oldVersion), buildAgent(releases, 'wsus', newVersion)]);
    server = await openWsusLab(folder, releases);
    machine = openWineMachine(folder);
  });
  after(async () => {
    machine?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('is installed into the real folders and the real registry, with words of any language', async () => {
    const certificate = join(folder, 'operator.cer');
    writeFileSync(certificate, server.operatorCertificate);
    const pinned = ['--operator-cert', onWindows(certificate)];
    const asked = ['install', '--server', server.url, '--generation', 'sus', '--group', 'Büro 東京', ...pinned];
    const installed = await machine.moult('agent', ...asked);
    assert.match(installed.out, /^SUS client 5\.4\.0\.1 is installed in C:\\\.\n/, installed.err);
    assert.ok(existsSync(machine.root.hostProgram));
    const policy = (await machine.reg('query', policyKey, '/s')).out;
    assert.match(policy, new RegExp(` WUServer +REG_SZ +${server.url}\n`));
    assert.match(policy, / UseWUServer +REG_DWORD +0x1\n/);
    const { targetGroup, machine: system } = await status();
    assert.deepEqual([targetGroup, system.os, system.architecture], ['Büro 東京', 'Windows', 'x64']);
  });

  it('runs in the background, updates itself from the SUS client to the WSUS client, and installs an update', async () => {
    const started = await machine.moult('agent', 'start', '--now');
    assert.match(started.out, /^The agent is running \(process \d+\)\.\n$/, started.err);
    await until(() => existsSync(join(machine.drive, 'Program Files', 'Moult Sample', 'installed.txt')));
    const done = await settled(({ results }) => results.install.lastSuccess !== null);
    assert.deepEqual(
      [done.client, done.version, done.intact, done.previous, done.results.install.lastError, done.auState?.value],
      ['WSUS client', newVersion, true, oldVersion, '0x00000000', 2],
    );
    const state = await machine.reg('query', 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate');
    assert.match(state.out, new RegExp(` SusClientId +REG_SZ +${done.clientId}\n`));
    assert.ok(server.journal.includes('RegisterComputer'), server.journal.join(', '));
  });

  it('stops by itself when it is told to, and nothing of it goes on', async () => {
    const stopped = await machine.moult('agent', 'stop');
    assert.deepEqual([stopped.out, stopped.code], ['The agent is stopped.\n', 0], stopped.err);
    assert.ok(!existsSync(machine.root.hostLock), 'it had the time to give its lock back');
    assert.ok(!existsSync(machine.root.stopRequest));
    await until(() => machine.nodes() === 0);
    assert.equal((await status()).running, null);
  });

  it('is found healthy by the doctor', async () => {
    const { code, out, err } = await machine.moult('doctor', 'client');
    assert.equal(code, 0, out + err);
    assert.match(out, /^Healthy /);
    assert.ok(out.includes(`WSUS client ${newVersion}`) || out.includes(`→ ${newVersion}`), out);
  });

  it('does what the policy in HKLM says', async () => {
    const au = `${policyKey}\\AU`;
    const detect = async () => JSON.parse((await machine.moult('agent', 'run', '--once', '--now', '--json')).out);
    await set(au, 'NoAutoUpdate', 'REG_DWORD', '1');
    assert.equal((await detect()).code, 'AGENT_CONFIG_DISABLED');
    await set(au, 'NoAutoUpdate', 'REG_DWORD', '0');
    await set(au, 'UseWUServer', 'REG_DWORD', '0');
    assert.equal((await detect()).code, 'AGENT_CONFIG_NO_SERVER');
    await set(au, 'UseWUServer', 'REG_DWORD', '1');
    // Nothing listens on port 9 (discard) here.
    await set(policyKey, 'WUServer', 'REG_SZ', 'http://127.0.0.1:9');
    assert.equal((await detect()).code, 'AGENT_TRANSPORT_CONNECT');
    const { out } = await machine.moult('doctor', 'client');
    assert.match(out, /DOCTOR_WUSTATUSSERVER_DIFFERS/, out);
    await set(policyKey, 'WUServer', 'REG_SZ', server.url);
    assert.equal((await detect()).ok, true);
  });

  it('obeys a .reg file that was exported and imported, and the one that takes it back', async () => {
    const exported = async (...more: string[]) => {
      const out = join(folder, `policy-${more.length}`);
      const asked = [
        '--server',
        server.url,
        '--group',
        'Grün; 二',
        '--format',
        'reg',
        '--out',
        onWindows(out),
        ...more,
      ];
      const { code, err } = await machine.moult('policy', 'export', ...asked);
      assert.equal(code, 0, err);
      return onWindows(join(out, 'moult-policy.reg'));
    };
    const known = async () => {
      const { values } = JSON.parse((await machine.moult('agent', 'policy', '--json')).out);
      const of = (name: string) => values.find((one: { name: string }) => one.name === name);
      return ['WUServer', 'UseWUServer', 'TargetGroup'].map((name) => [of(name).value, of(name).origin]);
    };
    const undo = await exported('--undo');
    assert.equal((await machine.run('regedit.exe', ['/S', undo])).code, 0);
    assert.deepEqual(await known(), [
      [null, 'default'],
      [0, 'default'],
      [null, 'default'],
    ]);
    assert.equal((await machine.run('regedit.exe', ['/S', await exported()])).code, 0);
    assert.deepEqual(await known(), [
      [server.url, 'registry'],
      [1, 'registry'],
      ['Grün; 二', 'registry'],
    ]);
  });

  it('starts although the process id in its lock is that of a stranger', async () => {
    const stranger = await machine.background('setTimeout(() => {}, 600_000)');
    writeFileSync(machine.root.hostLock, JSON.stringify({ pid: stranger, started: '' }));
    writeFileSync(machine.root.programLock, JSON.stringify({ pid: stranger, started: '' }));
    const ran = await machine.host();
    assert.equal(ran.code, 0, ran.err);
    await machine.run('taskkill', ['/F', '/PID', String(stranger)]);
  });

  it('runs an installer with its line of arguments as it is written', async () => {
    await inWindows('windows-installer.ts', 'installer.mjs');
    const written = readFileSync(join(machine.drive, 'arguments.txt'), 'utf8').trim();
    assert.equal(written, 'DIR="C:\\x y" /q:"a b"c');
  });

  for (const file of ['../src/machine/lock.test.ts', '../src/machine/registry.test.ts']) {
    it(`passes ${file.replaceAll('../', '')} there`, async () => inWindows(file, file.replace(/.*\//, '')));
  }
});

async function inWindows(source: string, name: string): Promise<void> {
  const tests = join(folder, 'tests');
  mkdirSync(tests, { recursive: true });
  writeFileSync(join(tests, 'package.json'), '{"type":"module"}');
  // A test of locks starts processes that load the lock by its name.
  if (name === 'lock.test.ts') await bundleForWindows('../src/machine/lock.ts', tests, 'lock.ts');
  const { code, out, err } = await machine.run(windowsNode, [onWindows(await bundleForWindows(source, tests, name))]);
  assert.equal(code, 0, out + err);
}

async function set(key: string, name: string, type: string, data: string): Promise<void> {
  const { code, err } = await machine.reg('add', key, '/v', name, '/t', type, '/d', data, '/f');
  assert.equal(code, 0, err);
}

async function status(): Promise<AgentStatus> {
  const { out, err } = await machine.moult('agent', 'status', '--json');
  assert.notEqual(out, '', err);
  return JSON.parse(out) as AgentStatus;
}

async function settled(is: (status: AgentStatus) => boolean): Promise<AgentStatus> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(200)) {
    const known = await status();
    if (is(known)) return known;
  }
  return status();
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 120_000; performance.now() < deadline; await pause(50)) if (isSo()) return;
  assert.fail('it did not come to be within two minutes');
}
