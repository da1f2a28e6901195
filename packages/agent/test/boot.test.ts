// From a Debian machine without Node and back to it: by the pasted line, and by the Debian package. A service under the real systemd,
// there again after kill -9, crash loops and a power cut, updated by itself, and uninstalled without a trace.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { installLine, rootFingerprint, writeBundle } from '@moult/releases/bundle';
import { type KeptBundles, makeKeptBundles } from '@moult/server';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { readContents, runtimeOf } from '../../cli/src/bundle/contents.ts';
import { readCurrent } from '../src/host/current.ts';
import { machineRoot } from '../src/machine/machine-root.ts';
import { readStatus } from '../src/read-status.ts';
import type { ServiceStatus } from '../src/service/service.ts';
import { type BootedMachine, makeBootedMachine, whyNoBoot } from './boot-lab.ts';
import { scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

const [bundled, next] = ['7.9.0.1', '7.9.9.0'];
const unit = 'moult-agent.service';
const opt = '/opt/moult-agent';
const state = '/var/lib/moult-agent';

let folder: string;
let server: WsusLab;
let machine: BootedMachine;
let kept: KeptBundles;
let trusted: string;
let debian: string;

describe('the agent on a machine with systemd', { skip: whyNoBoot() || false }, () => {
  before(async () => {
    folder = scratchFolder('moult-boot-');
    debian = join(folder, 'agent.deb');
    const releases = join(folder, 'releases');
    machine = makeBootedMachine(join(folder, 'machine'));
    await Promise.all([makeInstallers(releases), machine.boot()]);
    before1 = changesOf(machine);
  });
  after(async () => {
    await machine?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What was changed on the machine before the agent came. */
  let before1: string[];

  /** Those of a server that has one version, and then the same server with the next one. */
  async function makeInstallers(releases: string): Promise<void> {
    await Promise.all([buildAgent(releases, 'wsus', bundled), buildHost(releases)]);
    await (await openWsusLab(folder, releases)).close();
    const contents = await readContents(join(folder, 'server'));
    const platform = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
    const runtime = await runtimeOf(platform, []);
    trusted = rootFingerprint(contents);
    kept = await makeKeptBundles(join(folder, 'server'), {
      contents,
      runtimes: new Map([[platform, runtime]]),
      level: 0,
    });
    await buildAgent(releases, 'wsus', next);
    server = await openWsusLab(folder, releases);
    const asked = { ...contents, server: server.url, group: 'Büro 2' };
    await writeBundle(debian, asked, { platform, format: 'deb', runtime, level: 0 });
  }

  const line = () =>
    installLine({
      ...{ server: server.url, group: "it's; one" },
      ...{ script: kept.scripts['install.sh'].sha256, windowsScript: kept.scripts['install.ps1'].sha256 },
    });

  /** One story: after a step that failed the next ones do nothing. */
  const inOrder = (act: () => void | Promise<void>) => async () => {
    assert.ok(!hasFailed, 'a step before this one failed');
    hasFailed = true;
    await act();
    hasFailed = false;
  };
  let hasFailed = false;

  const agent = (...args: string[]) => machine.run(`${opt}/bin/moult-agent`, ...args);
  /** Read from outside: that costs no program on the machine. */
  const status = () => readStatus(machineRoot(join(machine.changes, 'var/lib/moult-agent')));
  /** Until it has finished a detection, a version that dies often is given up. */
  const isProven = () => {
    const current = readCurrent(machineRoot(join(machine.changes, 'var/lib/moult-agent')));
    return current?.version === next && current.proven === true;
  };
  const service = () => JSON.parse(agent('service', 'status', '--json').out) as ServiceStatus;
  const show = (name: string) => machine.run('systemctl', 'show', unit, `--property=${name}`, '--value').out.trim();

  /** The service is up, and the agent has taken its machine. */
  const isRunning = () =>
    show('SubState') === 'running' &&
    machine.run('grep', '-q', `"pid":${show('MainPID')},`, `${state}/Program Files/Moult/Agent/launcher.lock`).code ===
      0 &&
    existsSync(join(machine.changes, state, 'Program Files/Moult/Agent/host.lock'));

  it(
    'becomes a client by the pasted line, and is a service that runs',
    inOrder(async () => {
      assert.notEqual(machine.run('sh', '-c', 'command -v node').code, 0, 'no Node on the path of the machine');
      const { code, out, err } = await machine.serve('sh', '-c', line());
      assert.equal(code, 0, out + err);
      assert.match(
        out,
        /\nThe service moult-agent is installed \(systemd: \/etc\/.*\nThe agent is running \(process \d+\)\.\n$/,
      );
      assert.ok(!/trusted from now on/.test(err), err);
      assert.deepEqual([service().problems, show('UnitFileState'), show('NRestarts')], [[], 'enabled', '0']);
      const known = machine.run('/usr/local/bin/moult-agent', 'status');
      assert.match(known.out, /group +it's; one\n/);
      assertTrust();
      const left = [readdirSync(join(machine.changes, 'opt')), machine.run('ls', '-A', '/tmp').out];
      assert.deepEqual(left, [['booted', 'moult-agent'], ''], 'nothing is left behind');
      assert.match(agent('service', 'install').out, /^The service moult-agent was there/);
    }),
  );

  it(
    'updates itself and installs an update, as a service',
    inOrder(async () => {
      assert.equal(agent('detect').code, 0);
      await until(() => isProven() && status().results.install.lastSuccess !== undefined);
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
      const stopped = agent('stop');
      assert.deepEqual([stopped.code, stopped.out], [0, 'The agent is stopped.\n'], stopped.err);
      assert.equal(show('ActiveState'), 'inactive');
      assert.deepEqual(service().problems, ['The service is stopped.', 'The agent does not run.']);
      assert.match(agent('start').out, /^The agent is running/);
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
      const started = machine.run('sh', '-c', `echo $$ > ${cgroup}; exec ${opt}/runtime/node -e "${script}"`);
      const pid = Number(started.out);
      assert.ok(pid > 0, started.err);
      const begun = machine.run('sh', '-c', `cut -d' ' -f22 /proc/${pid}/stat`).out.trim();
      const mark = `${state}/Program Files/Moult/Agent/installer.json`;
      machine.run('sh', '-c', `echo '{"pid":${pid},"started":"${begun}"}' > '${mark}'`);
      const refused = agent('uninstall');
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
    'is repaired by the same line, and stays at its newer version',
    inOrder(async () => {
      machine.run('sh', '-c', `rm ${opt}/runtime/node; echo broken >'${state}/Program Files/Moult/Agent/host.mjs'`);
      const { code, out, err } = await machine.serve('sh', '-c', line());
      assert.equal(code, 0, out + err);
      assert.deepEqual([service().problems, status().version, status().intact], [[], next, true]);
    }),
  );

  it(
    'is not removed by halves when /etc cannot be written',
    inOrder(() => {
      machine.run('sh', '-c', 'mount --bind /etc /etc && mount -o remount,ro,bind /etc');
      for (const command of [['service', 'remove'], ['uninstall']]) {
        const refused = agent(...command);
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
      const dry = agent('uninstall', '--purge', '--dry-run');
      assert.deepEqual([dry.code, service().problems], [0, []], dry.err);
      const done = agent('uninstall', '--purge');
      assert.equal(done.code, 0, done.err);
      assert.match(done.out, /The agent is removed from \/var\/lib\/moult-agent\./);
      assert.match(done.out, /removed +\/usr\/local\/bin\/moult-agent .*\nremoved +\/opt\/moult-agent /);
      assert.match(done.out, /kept +.*Moult Sample/, 'what the update installed');
      assert.equal(show('LoadState'), 'not-found');
      machine.run('rm', '-r', '/var/lib/moult-agent');
      assert.deepEqual(changesOf(machine), before1);
      assert.equal(machine.run('ls', '/usr/local/bin').out, '');
    }),
  );

  it(
    'becomes a client by the Debian package: a service, also after a power cut, that updates itself',
    inOrder(async () => {
      copyFileSync(debian, join(machine.changes, 'agent.deb'));
      // What dpkg remembers is not the agent's.
      const done = await machine.serve('dpkg', '--force-unsafe-io', '-i', '/agent.deb');
      assert.equal(done.code, 0, done.out + done.err);
      assert.deepEqual([service().problems, agent('status').out.includes('Büro 2')], [[], true]);
      assertTrust();
      await machine.cutPower();
      await machine.boot();
      await until(isRunning);
      assert.equal(agent('detect').code, 0);
      await until(() => isProven() && status().results.install.lastSuccess !== undefined);
    }),
  );

  it(
    'is upgraded, removed and purged by dpkg, and the machine is as it was',
    inOrder(async () => {
      const again = await machine.serve('dpkg', '--force-unsafe-io', '-i', '/agent.deb');
      assert.equal(again.code, 0, again.out + again.err);
      assert.deepEqual([service().problems, status().version], [[], next]);
      const removed = machine.run('dpkg', '-r', 'moult-agent');
      assert.equal(removed.code, 0, removed.out + removed.err);
      assert.match(removed.out, /kept +\/opt\/moult-agent .*dpkg -P moult-agent/);
      assert.deepEqual([show('LoadState'), existsSync(join(machine.changes, opt, 'runtime'))], ['not-found', false]);
      const clientId = /"SusClientId"="[0-9a-f-]{36}"/;
      assert.match(
        readFileSync(join(machine.changes, state, 'registry.reg'), 'utf16le'),
        clientId,
        'the server knows it again',
      );
      const purged = machine.run('dpkg', '-P', 'moult-agent');
      assert.equal(purged.code, 0, purged.out + purged.err);
      rmSync(join(machine.changes, 'agent.deb'));
      assert.deepEqual(changesOf(machine), before1);
    }),
  );

  /** The pinned root is the one that was shown on the server. */
  function assertTrust(): void {
    const { out } = machine.run('sha256sum', `${state}/Program Files/Moult/Agent/trust-root.json`);
    assert.equal(out.split(' ')[0], trusted);
  }
});

/** The files that differ from the system below. What systemd keeps for itself, and an empty folder, is not the agent's. */
function changesOf({ changes }: BootedMachine): string[] {
  const own =
    /^(?:opt\/booted|var\/(?:log|cache|tmp|lib\/(?:systemd|private|dpkg))|etc\/(?:systemd\/system\/multi-user\.target\.wants$|machine-id|\.updated|\.pwd\.lock)|var\/\.updated)/;
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
