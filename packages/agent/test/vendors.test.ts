// Two vendors on one machine: each has a server, an operator and an agent of its own, and all in one folder that plays the machine.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createCabinet, extractAll, readCabinet } from '@moult/formats/cab';
import { type Brand, encodeRelease, moultBrand, parseRelease } from '@moult/protocol/self-update';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { agentKinds, hostKinds, kindOf, readPublishedReleases } from '../../server/src/sites/self-update/releases.ts';
import { readCurrent } from '../src/host/current.ts';
import { installAgent } from '../src/install-agent.ts';
import { openSusLog } from '../src/logs/sus-log.ts';
import { openWsusLog } from '../src/logs/wsus-log.ts';
import { inWordsOf, keyOfBrand } from '../src/machine/brand.ts';
import { keys } from '../src/machine/keys.ts';
import { type MachineRoot, machineOfArguments, machineRoot } from '../src/machine/machine-root.ts';
import { parseRegistryText } from '../src/machine/registry-text.ts';
import { openPanel } from '../src/panel/open-panel.ts';
import { readStatus } from '../src/read-status.ts';
import { openRelease } from '../src/self-update/release-cabinet.ts';
import { installService } from '../src/service/service.ts';
import { uninstallAgent } from '../src/uninstall/uninstall-agent.ts';
import { openEventQueue } from '../src/wsus/report/event-queue.ts';
import { selfUpdateEvent, trustAlarm } from '../src/wsus/report/events.ts';
import { runOnce, scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

const brands: Brand[] = [
  { id: 'contoso-updates', vendor: 'Contoso', product: 'Updates', name: 'Contoso Updates', icon: 'contoso.svg' },
  { id: 'fabrikam-care', vendor: 'Fabrikam', product: 'Care', name: 'Fabrikam Care' },
];
const [older, newer] = ['7.9.0.1', '7.9.0.3'];

interface Vendor extends AsyncDisposable {
  brand: Brand;
  lab: WsusLab;
  /** Releases as a bundle holds them. */
  releases: string;
  root: MachineRoot;
}

let folder: string;
let vendors: Vendor[];

before(async () => {
  folder = scratchFolder('moult-vendors-');
  const built = join(folder, 'built');
  await Promise.all([buildAgent(built, 'wsus', older), buildAgent(built, 'wsus', newer), buildHost(built, older)]);
  vendors = await Promise.all(brands.map((brand) => openVendor(brand, built)));
});
after(async () => {
  await Promise.all(vendors?.map(({ lab }) => lab.close()) ?? []);
  rmSync(folder, { recursive: true, force: true });
});

async function openVendor(brand: Brand, built: string): Promise<Vendor> {
  const own = join(folder, brand.id);
  mkdirSync(own);
  const agentBrand = join(own, 'brand.json');
  writeFileSync(agentBrand, JSON.stringify(brand));
  if (brand.icon) writeFileSync(join(own, brand.icon), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const lab = await openWsusLab(own, built, { agentBrand });
  const releases = join(own, 'bundled');
  for (const { release, cabinet } of await readPublishedReleases(lab.dataDir, [...agentKinds, ...hostKinds])) {
    if (release.version !== older) continue;
    for (const [name, bytes] of extractAll(readCabinet(cabinet.bytes))) {
      const file = join(releases, kindOf(release), older, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
  }
  const root = machineRoot(join(folder, 'machine'), brand);
  return { brand, lab, releases, root, [Symbol.asyncDispose]: () => lab.close() };
}

/** The identity that the server knows it by. */
const idOf = ({ brand }: Vendor) => clientIds.get(brand.id);
const clientIds = new Map<string, string | undefined>();

const install = ({ lab, releases, root }: Vendor, into = root) =>
  installAgent(into, {
    ...{ server: lab.url, generation: 'wsus', releaseFolder: releases },
    operatorCertificate: Buffer.from(lab.operatorCertificate),
  });

describe('two vendors on one machine', () => {
  it('install, detect and update themselves at the same time, each from its own server', async () => {
    for (const vendor of vendors) await install(vendor);
    const outcomes = await Promise.all(vendors.map(({ root }) => runOnce(root)));
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.ok),
      [true, true],
      JSON.stringify(outcomes),
    );
    const known = vendors.map(({ root }) => readStatus(root));
    assert.deepEqual(
      known.map(({ version, server }) => [version, server]),
      vendors.map(({ lab }) => [newer, lab.url]),
    );
    assert.notEqual(known[0]?.clientId, known[1]?.clientId);
    for (const [at, { brand }] of vendors.entries()) clientIds.set(brand.id, known[at]?.clientId);
  });

  it('share no folder, no registry key and no log, and touch nothing of Moult or Windows', () => {
    const [one, other] = vendors.map(({ root }) => root);
    assert.ok(one && other);
    const places = (root: MachineRoot) =>
      Object.entries(root).filter(([name, value]) => typeof value === 'string' && !sharedPlaces.includes(name));
    const theirs = new Set(places(other).map(([, value]) => value));
    assert.deepEqual(
      places(one).filter(([, value]) => theirs.has(value)),
      [],
    );
    const machine = join(folder, 'machine');
    for (const path of [
      'Program Files/Moult',
      'Program Files/WindowsUpdate',
      'Windows/WindowsUpdate.log',
      'Windows/SoftwareDistribution',
    ])
      assert.ok(!existsSync(join(machine, path)), path);
    const written = [...parseRegistryText(readFileSync(join(machine, 'registry.reg'))).values()].map(
      ({ path }) => path,
    );
    const allowed = vendors.flatMap(({ brand: { vendor, product } }) => [
      `SOFTWARE\\${vendor}\\${product}`,
      `SOFTWARE\\Policies\\${vendor}\\${product}`,
    ]);
    const foreign = written.filter(
      (path) => !allowed.some((key) => `${path}\\`.toLowerCase().includes(`\\${key}\\`.toLowerCase())),
    );
    assert.deepEqual(
      foreign.filter((path) => /moult|windowsupdate/i.test(path)),
      [],
    );
  });

  it('speak in their logs, their events and their panel under their own names alone', async () => {
    for (const { root } of vendors) {
      const now = () => new Date();
      const log = openWsusLog(root, now);
      const files = [root.wsusLog, root.susLog, root.reportingEventsLog];
      const before = files.map((file) => (existsSync(file) ? statSync(file).size : 0));
      const told = 'Run "moult agent install", then "moult agent run --now". See moult-agent 7.9.0.3.';
      log.write('Setup', told);
      openSusLog(root, now).write('Error', 'Service', told);
      const events = openEventQueue(root, log, now);
      const kept = new Set(events.waiting().map(({ file }) => file));
      events.add(selfUpdateEvent('selfUpdate', 0, newer));
      events.add(trustAlarm(1, told));
      const mine = events.waiting().filter(({ file }) => !kept.has(file));
      assert.deepEqual(mine[0]?.event.miscData, [`S=${newer}`, `a=${root.brand.id} ${newer}`]);
      events.reported(mine.map(({ file }) => file));
      const texts = files.map((file, at) => readFileSync(file).subarray(before[at]));
      const all = `${texts[0]}${texts[1]}${texts[2]?.toString('utf16le')}${JSON.stringify(mine)}`;
      // What the lab names is Moult's: its folder, its operator, its update. So only new lines are free of the word.
      const life = readFileSync(root.wsusLog, 'utf8');
      assert.match(life, new RegExp(`Setup package "${root.brand.id} ${newer}" requires installation`));
      assert.doesNotMatch(life, /"moult[ -]agent/i);
      assert.match(all, new RegExp(`Run "${root.brand.id} install", then "${root.brand.id} run --now"`));
      assert.doesNotMatch(all, /moult/i);
      assert.doesNotMatch((await panelOf(root)).page.body, /moult[ -]agent|icon\.svg/i);
    }
    assert.equal(inWordsOf(moultBrand, 'Run "moult agent install".'), 'Run "moult agent install".');
  });

  it('obey each its own policy key, under the names of Windows', () => {
    const [one] = vendors;
    assert.ok(one);
    assert.equal(keyOfBrand(one.brand, keys.policyAu), 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Contoso\\Updates\\AU');
    assert.equal(keyOfBrand(one.brand, 'HKLM\\SOFTWARE\\Moult\\Agentless'), 'HKLM\\SOFTWARE\\Moult\\Agentless');
    assert.equal(keyOfBrand(moultBrand, keys.agent), keys.agent);
  });

  it('are started as what they are: the arguments of a program lead to its own machine', () => {
    for (const { root } of vendors) assert.deepEqual(machineOfArguments(root.programArguments), root);
  });

  it('carry the icon in the signed release', () => {
    const [one] = vendors;
    const current = one && readCurrent(one.root);
    const version = join(one?.root.versionsFolder ?? '', current?.version ?? '');
    const { brand } = parseRelease(readFileSync(join(version, 'release.json'), 'utf8'));
    assert.deepEqual(brand, one?.brand);
    assert.match(readFileSync(join(version, brand?.icon ?? ''), 'utf8'), /^<svg/);
  });

  it('are not installed over one another, and take no release of one another, whoever signed it', async () => {
    const [one, other] = vendors;
    assert.ok(one && other);
    for (const into of [other.root, machineRoot(join(folder, 'machine'))])
      await assert.rejects(install(one, into), { code: 'AGENT_CONFIG_NO_RELEASE', message: /contoso-updates/ });
    const release = parseRelease(readFileSync(join(one.releases, 'wsus', older, 'release.json'), 'utf8'));
    const files = release.files.map(({ name }) => ({
      name,
      bytes: readFileSync(join(one.releases, 'wsus', older, name)),
    }));
    const described = { name: 'release.json', bytes: Buffer.from(encodeRelease(release)) };
    const bytes = createCabinet(
      [described, ...files].map((file) => ({ ...file, modified: new Date('2020-01-01') })),
      { compression: 'none' },
    );
    const own = { epoch: 0, version: '7.0.0.0', generation: 'wsus' as const };
    assert.equal(openRelease(bytes, { own, promised: undefined, brand: one.brand }).release.version, older);
    for (const brand of [other.brand, moultBrand]) {
      const why = { code: 'AGENT_SELFUPDATE_BAD_RELEASE', message: /a release of contoso-updates/ };
      assert.throws(() => openRelease(bytes, { own, promised: undefined, brand }), why);
    }
  });

  it('open the panel under their own name and picture, as long as those are as the release was signed', async () => {
    const [one] = vendors;
    assert.ok(one);
    const shown = await panelOf(one.root);
    assert.match(shown.page.body, /<title>Automatic Updates – Contoso Updates<\/title>/);
    assert.match(shown.page.body, /<img class="picture" src="\/icon" alt=""/);
    assert.deepEqual([shown.icon.type, shown.icon.body.slice(0, 4)], ['image/svg+xml', '<svg']);
    assert.match(shown.icon.policy, /default-src 'none'.*sandbox/);
    assert.ok(!/Moult|moult/.test(shown.page.body.replaceAll('Moult sample', '')), shown.page.body);
    const icon = join(one.root.versionsFolder, readCurrent(one.root)?.version ?? '', 'contoso.svg');
    const good = readFileSync(icon);
    writeFileSync(icon, '<svg onload="alert(1)"/>');
    const altered = await panelOf(one.root);
    assert.ok(!altered.page.body.includes('src="/icon"'));
    assert.equal(altered.icon.status, 404);
    writeFileSync(icon, good);
  });

  it('are services of their own, and one is uninstalled without a change to the other', async () => {
    const [one, other] = vendors;
    assert.ok(one && other);
    const on = { platform: 'linux', start: false, waitMs: 5000 } as const;
    const files = await Promise.all(vendors.map(async ({ root }) => (await installService(root, on)).file));
    assert.deepEqual(
      files.map((file) => basename(file)),
      ['contoso-updates.service', 'fabrikam-care.service'],
    );
    assert.match(
      readFileSync(files[0] ?? '', 'utf8'),
      /^# "contoso-updates service install" wrote(?:.*\n)*Description=Contoso Updates$/m,
    );
    const before = readStatus(other.root);
    const done = await uninstallAgent(one.root, on);
    assert.deepEqual(done.problems, []);
    assert.ok(existsSync(one.root.wsusLog) && done.left.some(({ name }) => name === one.root.wsusLog), 'its log stays');
    assert.equal(readStatus(one.root).clientId, idOf(one), 'the server will know it again');
    for (const gone of [files[0], one.root.hostProgram, one.root.versionsFolder])
      assert.ok(!existsSync(gone ?? ''), gone);
    await install(one);
    assert.equal(readStatus(one.root).clientId, idOf(one));
    const purged = await uninstallAgent(one.root, { ...on, purge: true });
    assert.deepEqual(purged.problems, []);
    assert.ok(!existsSync(join(folder, 'machine', 'Program Files', 'Contoso')));
    const paths = [...parseRegistryText(readFileSync(join(folder, 'machine', 'registry.reg'))).values()].map(
      ({ path }) => path,
    );
    assert.deepEqual(
      paths.filter((path) => /contoso/i.test(path)),
      [],
    );
    for (const { name } of [...done.removed, ...purged.removed])
      assert.ok(!/fabrikam|moult|Microsoft/i.test(name.replace(folder, '')), name);
    assert.deepEqual([readStatus(other.root), existsSync(files[1] ?? '')], [before, true]);
    assert.equal((await runOnce(other.root))?.ok, true);
  });
});

/** What a browser that has the address of the panel gets. */
async function panelOf(root: MachineRoot) {
  const panel = await openPanel({ root, now: () => new Date(), random: randomBytes, check: () => '' });
  try {
    const opened = await fetch(panel.url, { redirect: 'manual' });
    const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
    const ask = async (path: string) => {
      const { status, headers, ...answer } = await fetch(new URL(path, panel.url), { headers: { cookie } }).then(
        async (response) => ({ status: response.status, headers: response.headers, body: await response.text() }),
      );
      const said = (name: string) => headers.get(name) ?? '';
      return { status, ...answer, type: said('content-type'), policy: said('content-security-policy') };
    };
    return { page: await ask('/'), icon: await ask('/icon') };
  } finally {
    await panel.close();
  }
}

/** Of the machine, and not of an agent. */
const sharedPlaces = ['folder', 'registryFile', 'windows', 'programFiles', 'groupPolicyFile'];
