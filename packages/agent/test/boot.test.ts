// From a Debian machine without Node and back to it: installed, a service under the real systemd, there again after kill -9, crash loops
// and a power cut, updated by itself, and uninstalled without a trace.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { repositoryFile } from '@moult/disk';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import type { ServiceStatus } from '../src/service/service.ts';
import { type BootedMachine, makeBootedMachine, whyNoBoot } from './boot-lab.ts';
import { scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

const next = '7.9.9.0';
const unit = 'moult-agent.service';
const opt = '/opt/moult-agent';
const state = '/var/lib/moult-agent';

let folder: string;
let server: WsusLab;
let machine: BootedMachine;

describe('the agent on a machine with systemd', { skip: whyNoBoot() || false }, () => {
  before(async () => {
    folder = scratchFolder('moult-boot-');
    const releases = join(folder, 'releases');
    await Promise.all([buildAgent(releases, 'wsus', next), buildHost(releases)]);
    [server] = await Promise.all([openWsusLab(folder, releases), bringProgram()]);
    await machine.boot();
    before1 = changesOf(machine);
  });
  after(async () => {
    await machine?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What was changed on the machine before the agent came. */
  let before1: string[];

  async function bringProgram(): Promise<void> {
    machine = makeBootedMachine(join(folder, 'machine'));
    const place = join(machine.changes, opt);
    mkdirSync(join(place, 'bin'), { recursive: true });
    copyFileSync(process.execPath, join(place, 'bin/node'));
    for (const part of ['packages/cli/dist', 'packages/cli/package.json', 'packages/agent/dist'])
      cpSync(repositoryFile(part), join(place, part), { recursive: true });
    mkdirSync(join(place, 'keys'));
  }

  /** One story: after a step that failed the next ones do nothing. */
  const inOrder = (act: () => void | Promise<void>) => async () => {
    assert.ok(!hasFailed, 'a step before this one failed');
    hasFailed = true;
    await act();
    hasFailed = false;
  };
  let hasFailed = false;

  const moult = (...args: string[]) => machine.run(`${opt}/bin/node`, `${opt}/packages/cli/dist/moult.js`, ...args);
  /** Read from outside: that costs no program on the machine. */
  const status = () => readStatus(machineRoot(join(machine.changes, 'var/lib/moult-agent')));
  const service = () => JSON.parse(moult('agent', 'service', 'status', '--json').out) as ServiceStatus;
  const show = (name: string) => machine.run('systemctl', 'show', unit, `--property=${name}`, '--value').out.trim();

  /** The service is up, and the agent has taken its machine. */
  const isRunning = () =>
    show('SubState') === 'running' &&
    machine.run('grep', '-q', `"pid":${show('MainPID')},`, `${state}/Program Files/Moult/Agent/launcher.lock`).code ===
      0 &&
    existsSync(join(machine.changes, state, 'Program Files/Moult/Agent/host.lock'));

  it(
    'is installed, and is a service that runs',
    inOrder(async () => {
      writeFileSync(join(machine.changes, opt, 'keys/ca.cer'), server.operatorCertificate);
      assert.notEqual(machine.run('sh', '-c', 'command -v node').code, 0, 'no Node on the path of the machine');
      const asked = ['--server', server.url, '--operator-cert', `${opt}/keys/ca.cer`];
      const done = moult('agent', 'install', ...asked);
      assert.equal(done.code, 0, done.err);
      const serviced = moult('agent', 'service', 'install');
      assert.deepEqual([serviced.code, serviced.err], [0, ''], serviced.out);
      assert.match(
        serviced.out,
        /^The service moult-agent is installed \(systemd: \/etc\/.*\nThe agent is running \(process \d+\)\.\n$/,
      );
      assert.deepEqual([service().problems, show('UnitFileState')], [[], 'enabled']);
      const again = moult('agent', 'service', 'install');
      assert.match(again.out, /^The service moult-agent was there/);
      assert.equal(show('NRestarts'), '0');
    }),
  );

  it(
    'updates itself and installs an update, as a service',
    inOrder(async () => {
      assert.equal(moult('agent', 'detect').code, 0);
      await until(() => status().version === next && status().results.install.lastSuccess !== undefined);
      assert.deepEqual([status().client, status().intact], ['WSUS client', true]);
    }),
  );

  it(
    'is started again after each of ten deaths, with the drop-in of an administrator',
    inOrder(async () => {
      const dropIn = join(machine.changes, `etc/systemd/system/${unit}.d/fast.conf`);
      machine.run(
        'sh',
        '-c',
        `mkdir /etc/systemd/system/${unit}.d; echo '[Service]\nRestartSec=100ms' > /etc/systemd/system/${unit}.d/fast.conf`,
      );
      machine.run('systemctl', 'daemon-reload');
      for (let deaths = 1; deaths <= 10; deaths += 1) {
        machine.run('systemctl', 'kill', '--signal=KILL', unit);
        await until(() => Number(show('NRestarts')) >= deaths && show('SubState') === 'running');
      }
      await until(isRunning);
      assert.deepEqual(service().problems, []);
      assert.ok(existsSync(dropIn));
    }),
  );

  it(
    'stays stopped when an administrator stops it, and comes when he starts it',
    inOrder(() => {
      const stopped = moult('agent', 'stop');
      assert.deepEqual([stopped.code, stopped.out], [0, 'The agent is stopped.\n'], stopped.err);
      assert.equal(show('ActiveState'), 'inactive');
      assert.deepEqual(service().problems, ['The service is stopped.', 'The agent does not run.']);
      assert.match(moult('agent', 'start').out, /^The agent is running/);
      assert.equal(show('ActiveState'), 'active');
    }),
  );

  it(
    'leaves an installer that runs alone when the service is stopped, and is not removed meanwhile',
    inOrder(async () => {
      // As the agent starts an installer: a child of its program, in the cgroup of the service.
      const script =
        "const {spawn}=require('child_process');const c=spawn('sleep',['1000'],{detached:true,stdio:'ignore'});c.unref();console.log(c.pid)";
      const cgroup = `/sys/fs/cgroup${show('ControlGroup')}/cgroup.procs`;
      const started = machine.run('sh', '-c', `echo $$ > ${cgroup}; exec ${opt}/bin/node -e "${script}"`);
      const pid = Number(started.out);
      assert.ok(pid > 0, started.err);
      const begun = machine.run('sh', '-c', `cut -d' ' -f22 /proc/${pid}/stat`).out.trim();
      const mark = `${state}/Program Files/Moult/Agent/installer.json`;
      machine.run('sh', '-c', `echo '{"pid":${pid},"started":"${begun}"}' > '${mark}'`);
      const refused = moult('agent', 'uninstall');
      assert.deepEqual([refused.code, /AGENT_HOST_INSTALLING/.test(refused.err)], [1, true], refused.err);
      machine.run('systemctl', 'restart', unit);
      assert.equal(machine.run('kill', '-0', `${pid}`).code, 0, 'it goes on');
      machine.run('kill', '-9', `${pid}`);
      await until(isRunning);
    }),
  );

  it(
    'is there again after a power cut',
    inOrder(async () => {
      await machine.cutPower();
      await machine.boot();
      await until(isRunning);
      assert.deepEqual(service().problems, []);
      assert.deepEqual([status().version, status().intact], [next, true]);
    }),
  );

  it(
    'is not removed by halves when /etc cannot be written',
    inOrder(() => {
      machine.run('sh', '-c', 'mount --bind /etc /etc && mount -o remount,ro,bind /etc');
      for (const command of [['service', 'remove'], ['uninstall']]) {
        const refused = moult('agent', ...command);
        assert.equal(refused.code, 1);
        assert.match(refused.err, /AGENT_HOST_DISK: .*\/etc\/systemd\/system \(EROFS\): it is mounted read-only/);
      }
      machine.run('umount', '/etc');
      assert.deepEqual(service().problems, []);
    }),
  );

  it(
    'is uninstalled, and the machine is as it was',
    inOrder(async () => {
      machine.run('rm', '-r', `/etc/systemd/system/${unit}.d`);
      const dry = moult('agent', 'uninstall', '--purge', '--dry-run');
      assert.deepEqual([dry.code, service().problems], [0, []], dry.err);
      const done = moult('agent', 'uninstall', '--purge');
      assert.equal(done.code, 0, done.err);
      assert.match(done.out, /The agent is removed from \/var\/lib\/moult-agent\./);
      assert.match(done.out, /stays +.*Moult Sample/, 'what the update installed');
      assert.equal(show('LoadState'), 'not-found');
      machine.run('rm', '-r', '/var/lib/moult-agent');
      assert.deepEqual(changesOf(machine), before1);
      assert.equal(moult('agent', 'status').code, 1);
    }),
  );
});

/** The files that differ from the system below. What systemd keeps for itself, and an empty folder, is not the agent's. */
function changesOf({ changes }: BootedMachine): string[] {
  const own =
    /^(?:opt|var\/(?:log|cache|tmp|lib\/(?:systemd|private))|etc\/(?:systemd\/system\/multi-user\.target\.wants$|machine-id|\.updated|\.pwd\.lock)|var\/\.updated)/;
  return readdirSync(changes, { recursive: true, encoding: 'utf8' })
    .filter((path) => !own.test(path) && !lstatSync(join(changes, path)).isDirectory())
    .map((path) => `${dirname(path)}/${path.split('/').at(-1)}`)
    .sort();
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 240_000; !isSo(); await pause(200)) {
    if (performance.now() < deadline) continue;
    const { out } = machine.run('tail', '-n', '40', '/var/lib/moult-agent/Windows/WindowsUpdate.log');
    throw new Error(`it does not come to this: ${isSo}\n${out}`);
  }
}
