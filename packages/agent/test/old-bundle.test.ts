// The agent of before, 7.9.0.1 with its host, as it was bundled then (fixtures/agent-7.9.0.1): it comes over to today's by an
// ordinary self-update, with all that it knew, and pins the root of the operator's metadata afterwards.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { extractAll, readCabinet } from '@moult/formats/cab';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { readCurrent } from '../src/host/current.ts';
import { readHosts } from '../src/host/hosts-file.ts';
import { installAgent } from '../src/install-agent.ts';
import { keys } from '../src/machine/keys.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry, text } from '../src/machine/registry.ts';
import { readStatus } from '../src/read-status.ts';
import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
import { runBuilt, scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

const bundle = new URL('../../../fixtures/agent-7.9.0.1/agent-7.9.0.1.cab', import.meta.url);
const today = '7.9.0.2';

let folder: string;
let releases: string;
let old: Map<string, Uint8Array>;
let lab: WsusLab;
let machines = 0;
before(async () => {
  folder = scratchFolder('moult-old-bundle-');
  releases = join(folder, 'releases');
  old = new Map(extractAll(readCabinet(readFileSync(bundle))));
  await Promise.all([buildAgent(releases, 'wsus', today), buildHost(releases, today)]);
  lab = await openWsusLab(folder, releases);
});
after(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A machine as 7.9.0.1 left it: its program, its host, and nothing that came later. */
async function oldMachine(): Promise<MachineRoot> {
  machines += 1;
  const before7902 = join(folder, `before-${machines}`);
  const version = join(before7902, 'wsus', '7.9.0.1');
  mkdirSync(version, { recursive: true });
  for (const name of ['release.json', 'agent.mjs']) writeFileSync(join(version, name), old.get(name) ?? '');
  cpSync(join(releases, 'host'), join(before7902, 'host'), { recursive: true });
  const root = machineRoot(join(folder, `machine-${machines}`));
  const { operatorCertificate } = lab;
  await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: before7902, operatorCertificate });
  writeFileSync(root.hostProgram, old.get('host.mjs') ?? '');
  for (const path of [root.trustRoot, root.trustFolder, root.keptFolder, root.installRecord])
    rmSync(path, { recursive: true, force: true });
  return root;
}

describe('the agent 7.9.0.1', () => {
  it('comes over with its own host, keeps what it knew, and pins the root', async () => {
    const root = await oldMachine();
    openRegistry(root).change([{ key: keys.agent, name: 'OfAnAdministrator', value: text('stays') }]);
    const { clientId } = readStatus(root);
    assert.ok(!existsSync(root.trustRoot));
    assert.equal(await runBuilt(root), 0, toldIn(root));
    const status = readStatus(root);
    assert.deepEqual(
      [status.version, status.intact, status.trial, status.clientId],
      [today, true, undefined, clientId],
      toldIn(root),
    );
    assert.equal(openRegistry(root).read().value(keys.agent, 'OfAnAdministrator')?.data, 'stays');
    assert.equal(await runBuilt(root), 0, toldIn(root));
    assert.ok(existsSync(root.trustRoot), toldIn(root));
    assert.ok(existsSync(root.trustFolder));
  });

  it("leaves a state that today's host goes on with after a plain reinstall", async () => {
    const root = await oldMachine();
    assert.equal(await runBuilt(root), 0, toldIn(root));
    const { clientId } = readStatus(root);
    const { operatorCertificate } = lab;
    await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
    assert.equal(await runBuilt(root), 0, toldIn(root));
    const status = readStatus(root);
    assert.deepEqual([status.version, status.clientId, status.hostVersion], [today, clientId, today], toldIn(root));
    assert.ok(existsSync(root.trustRoot));
  });

  it('is uninstalled, and its policy stays, because nobody noted what was there before it', async () => {
    const root = await oldMachine();
    assert.equal(await runBuilt(root), 0, toldIn(root));
    const { left, problems } = await uninstallAgent(root, { platform: 'linux' });
    assert.deepEqual([problems, existsSync(root.agentFolder)], [[], false]);
    assert.ok(left.some(({ name }) => name === `${keys.policy}\\WUServer`));
    assert.equal(openRegistry(root).read().value(keys.policy, 'WUServer')?.data, lab.url);
  });

  it('leaves nothing of the policy that it wrote once, when it is installed anew and uninstalled', async () => {
    const root = await oldMachine();
    const written = { NoAutoUpdate: 0, AUOptions: 4, ScheduledInstallDay: 0, ScheduledInstallTime: 3 };
    const values = Object.entries(written).map(([name, value]) => ({ key: keys.policyAu, name, value: number(value) }));
    openRegistry(root).change(values);
    const { operatorCertificate } = lab;
    await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
    assert.deepEqual((await uninstallAgent(root, { platform: 'linux' })).problems, []);
    const registry = openRegistry(root).read();
    assert.deepEqual(
      values.filter(({ key, name }) => registry.value(key, name)),
      [],
    );
  });
});

describe('a host whose machine has pinned the root', () => {
  it('takes the newer host that the metadata of the operator names, and not the one of the tree', async () => {
    const start = join(folder, 'older-host');
    cpSync(join(releases, 'wsus'), join(start, 'wsus'), { recursive: true });
    await buildHost(start, '7.8.0.0');
    const root = machineRoot(join(folder, 'pinned'));
    const { operatorCertificate } = lab;
    await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: start, operatorCertificate });
    assert.ok(existsSync(root.trustRoot));
    lab.journal.length = 0;
    assert.equal(await runBuilt(root), 0, toldIn(root));
    assert.deepEqual([readHosts(root)?.version, readHosts(root)?.state], [today, 'committed'], toldIn(root));
    const asked = lab.journal.filter((what) => /host/.test(what));
    assert.ok(asked.every((what) => /\/tuf\/targets\/host\//.test(what)) && asked.length > 0, asked.join('\n'));
  });
});

describe('a plain reinstall', () => {
  const cases: [string, (root: MachineRoot) => void][] = [
    ['a broken version', (root) => writeFileSync(join(root.versionsFolder, '7.9.0.1', 'agent.mjs'), '// broken')],
    ['no version at all', (root) => rmSync(root.versionsFolder, { recursive: true })],
    ['a state that is rubbish', (root) => writeFileSync(root.currentFile, '{{{')],
    ['a host that is rubbish', (root) => writeFileSync(root.hostProgram, 'rubbish')],
    [
      'hosts of somebody else',
      (root) => {
        mkdirSync(join(root.hostsFolder, '9.9.9.9'), { recursive: true });
        writeFileSync(root.hostsFile, '{"version":"9.9.9.9","state":"committed"}');
      },
    ],
  ];
  for (const [what, spoil] of cases) {
    it(`over ${what} works at once`, async () => {
      const root = await oldMachine();
      spoil(root);
      const { operatorCertificate } = lab;
      await installAgent(root, { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate });
      assert.equal(await runBuilt(root), 0, toldIn(root));
      assert.deepEqual([readCurrent(root)?.version, readStatus(root).intact], [today, true], toldIn(root));
      assert.ok(!existsSync(root.hostsFolder) || readdirSync(root.hostsFolder).length === 0);
    });
  }
});

function toldIn(root: MachineRoot): string {
  return existsSync(root.wsusLog) ? readFileSync(root.wsusLog, 'utf8') : '';
}
