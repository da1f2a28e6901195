// What the WSUS client does between two detections, by a clock of the test's: installs at the scheduled time what is ready, also
// without its server, and restarts the machine as the policy says.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { readIntactRelease } from '../src/host/release-folder.ts';
import { installAgent } from '../src/install-agent.ts';
import { keys } from '../src/machine/keys.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { dword, string } from '../src/machine/policy.ts';
import { number, openRegistry, text } from '../src/machine/registry.ts';
import { WsusClient } from '../src/wsus/client.ts';
import { scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let releases: string;
let lab: WsusLab;
let machines = 0;

before(async () => {
  folder = scratchFolder('moult-between-');
  releases = join(folder, 'releases');
  await Promise.all([buildAgent(releases, 'wsus', '7.9.0.1'), buildHost(releases)]);
  lab = await openWsusLab(folder, releases);
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lab.intercept = undefined;
});

const minute = 60_000;
/** Noon of a day, local; the schedule of a new machine is every day at three. */
const noon = () => new Date(new Date().setHours(12, 0, 0, 0));
const threeNextDay = () => new Date(new Date(noon().getTime() + 24 * 60 * minute).setHours(3, 0, 0, 0));

async function machine(): Promise<{ root: MachineRoot; client: WsusClient; clock: { at: Date; awakeSince: Date } }> {
  machines += 1;
  const root = machineRoot(join(folder, `machine-${machines}`));
  const { operatorCertificate } = lab;
  await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
  const release = readIntactRelease(join(releases, 'wsus', '7.9.0.1'));
  assert.ok(release);
  const clock = { at: noon(), awakeSince: new Date(0) };
  const client = new WsusClient({
    ...{ root, registry: openRegistry(root), release, random: Math.random, progress: () => undefined },
    now: () => clock.at,
    awakeSince: () => clock.awakeSince,
  });
  return { root, client, clock };
}

const isInstalled = (root: MachineRoot) => existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt'));
const valueIn = (root: MachineRoot, name: string) => string(openRegistry(root).read(), keys.autoUpdate, name);
const auStateOf = (root: MachineRoot) => dword(openRegistry(root).read(), keys.autoUpdate, 'AUState');
const readyFile = (root: MachineRoot) => join(root.dataStoreFolder, 'ready.json');
const serverAway = () => ({ status: 503, type: 'text/plain', body: 'away' });

describe('what is ready', () => {
  it('is installed at its scheduled time and not before, also while the server is away', async () => {
    const { root, client, clock } = await machine();
    const found = await client.detect(false, false);
    assert.match(JSON.stringify(found), /0 installed, installation waits for its schedule/);
    assert.match(valueIn(root, 'ScheduledInstallDate') ?? '', / 03:00:00$/);
    lab.intercept = serverAway;
    assert.deepEqual(await client.work(), threeNextDay());
    assert.deepEqual([isInstalled(root), auStateOf(root)], [false, 5]);
    clock.at = threeNextDay();
    await client.work();
    assert.deepEqual([isInstalled(root), auStateOf(root)], [true, 2]);
    assert.equal(valueIn(root, 'ScheduledInstallDate'), undefined);
    assert.match(readFileSync(root.wsusLog, 'utf8'), /AU: Installing "[^"]+": its schedule/);
  });

  it('is installed a minute after the machine wakes when it slept through the time', async () => {
    const { root, client, clock } = await machine();
    await client.detect(false, false);
    clock.awakeSince = new Date(threeNextDay().getTime() + 300 * minute);
    clock.at = clock.awakeSince;
    assert.deepEqual(await client.work(), new Date(clock.at.getTime() + minute));
    assert.equal(isInstalled(root), false);
    clock.at = new Date(clock.at.getTime() + minute);
    await client.work();
    assert.equal(isInstalled(root), true);
  });

  it('runs nothing that somebody wrote into its file: only what the operator signed', async () => {
    const { root, client, clock } = await machine();
    await client.detect(false, false);
    const altered = readFileSync(readyFile(root), 'utf8').replace(/"arguments":"[^"]*"/, '"arguments":"evil"');
    assert.match(altered, /"arguments":"evil"/);
    writeFileSync(readyFile(root), altered);
    clock.at = threeNextDay();
    await client.work();
    assert.equal(isInstalled(root), false);
    assert.match(readFileSync(root.wsusLog, 'utf8'), /arguments are not what the operator signed/);
    await client.detect(true, false);
    assert.equal(isInstalled(root), true, 'the next detection finds it anew');
  });

  it('is found again by the next detection when its file is lost or damaged', async () => {
    const { root, client, clock } = await machine();
    await client.detect(false, false);
    writeFileSync(readyFile(root), '{"server":');
    clock.at = threeNextDay();
    assert.equal(await client.work(), undefined);
    assert.equal(isInstalled(root), false);
    await client.detect(false, false);
    assert.equal(isInstalled(root), true, 'it is the scheduled hour');
  });
});

describe('a restart', () => {
  /** A machine whose last installation asked for a restart, and whose restart leaves a mark. */
  async function waiting(boot: string) {
    const made = await machine();
    const { root, clock } = made;
    await made.client.detect(true, false);
    const mark = join(root.folder, 'restarted');
    const registry = openRegistry(root);
    registry.change([
      { key: keys.agent, name: 'RestartCommand', value: text(`touch ${mark}`) },
      { key: keys.policy, name: 'SetActiveHours', value: number(1) },
      { key: keys.policy, name: 'ActiveHoursStart', value: number(8) },
      { key: keys.policy, name: 'ActiveHoursEnd', value: number(17) },
    ]);
    const restart = { since: clock.at, kind: 'quality', byDeadline: false, boot };
    writeFileSync(readyFile(root), JSON.stringify({ server: lab.url, entries: [], restart }));
    return { ...made, mark };
  }

  /** The command runs beside the agent. */
  async function comes(mark: string): Promise<boolean> {
    for (let tries = 0; tries < 400 && !existsSync(mark); tries++) await pause(25);
    return existsSync(mark);
  }

  const thisBoot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

  it('waits for the end of the active hours, and is asked for again only after ten minutes', async () => {
    const { root, client, clock, mark } = await waiting(thisBoot);
    const five = new Date(new Date(clock.at).setHours(17, 0, 0, 0));
    assert.deepEqual(await client.work(), five);
    assert.deepEqual([existsSync(mark), auStateOf(root)], [false, 8]);
    clock.at = five;
    assert.deepEqual(await client.work(), new Date(five.getTime() + 10 * minute));
    assert.ok(await comes(mark));
    rmSync(mark);
    clock.at = new Date(five.getTime() + 9 * minute);
    await client.work();
    clock.at = new Date(five.getTime() + 10 * minute);
    await client.work();
    assert.ok(await comes(mark), 'a system that did not restart is told again');
    assert.equal(readFileSync(root.wsusLog, 'utf8').match(/AU: Restarting the machine/g)?.length, 2);
  });

  it('is done when the machine has been started anew: AUState says so', async () => {
    const { root, client, clock, mark } = await waiting('another start');
    clock.at = new Date(new Date(clock.at).setHours(18, 0, 0, 0));
    await client.work();
    assert.deepEqual([existsSync(mark), auStateOf(root)], [false, 2]);
  });

  it('is not done to the computer on which a machine is only a folder', async () => {
    const { root, client, clock } = await waiting(thisBoot);
    openRegistry(root).change([{ key: keys.agent, name: 'RestartCommand' }]);
    clock.at = new Date(new Date(clock.at).setHours(18, 0, 0, 0));
    await client.work();
    assert.match(
      readFileSync(root.wsusLog, 'utf8'),
      /WARNING: .* is a folder, not a whole machine: nothing is restarted/,
    );
  });
});
