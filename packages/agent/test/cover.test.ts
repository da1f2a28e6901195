// A man in the middle of an http client: self-update genuine, web services forged. Nothing is run or installed that the
// operator did not sign, and one event says what was refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sampleIds } from '@moult/catalog';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { escapeText } from '@moult/formats/xml';
import { trustRootPurpose } from '@moult/protocol/self-update';
import { allComputers, openStore, type Store, unassignedComputers } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { buildAgent, buildHost } from '../../../scripts/build.ts';
import { type InstallOptions, installAgent } from '../src/install-agent.ts';
import { keys } from '../src/machine/keys.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { number, openRegistry } from '../src/machine/registry.ts';
import { runDue, runOnce, scratchFolder } from './lab.ts';
import { openWsusLab, type WsusLab } from './wsus-lab.ts';

let folder: string;
let releases: string;
let lab: WsusLab;
let store: Store;
let signer: SigningIdentity;
let machines = 0;

before(async () => {
  folder = scratchFolder('moult-cover-');
  releases = join(folder, 'releases');
  await Promise.all([buildAgent(releases, 'wsus', '7.9.0.1'), buildHost(releases)]);
  lab = await openWsusLab(folder, releases);
  store = await openStore(join(lab.dataDir, 'moult.sqlite'), { now: () => new Date() });
  ({ signer } = await loadOrCreateOperatorKeys(lab.dataDir, { now: new Date(), isClockBelieved: true }));
});
after(async () => {
  await store.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  lab.intercept = undefined;
  lab.alter = undefined;
});

async function machine(options: Partial<InstallOptions> = {}): Promise<MachineRoot> {
  machines += 1;
  const root = machineRoot(join(folder, `machine-${machines}`));
  const { operatorCertificate } = lab;
  const asked = { server: lab.url, generation: 'wsus', releaseFolder: releases, operatorCertificate } as const;
  await installAgent(root, { ...asked, ...options });
  lab.journal.length = 0;
  return root;
}

const installed = (root: MachineRoot) => existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt'));
const logOf = (root: MachineRoot) => readFileSync(root.wsusLog, 'utf8');
const fetchedContent = () => lab.journal.filter((what) => /^GET \/Content/i.test(what));

/** The events of id 182 that the machine has written, each as one line. */
function refusals(root: MachineRoot): string[] {
  const lines = readFileSync(root.reportingEventsLog, 'utf16le').split('\r\n');
  return lines.filter((line) => line.split('\t')[3]?.startsWith('182 '));
}

/** The same text in a fragment, where it stands escaped in the answer. */
function replaced(body: string, from: string, to: string): string {
  return body.replaceAll(escapeText(from), escapeText(to));
}

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !what(); tries += 1) await pause(50);
  assert.ok(what(), 'it did not come true');
}

/** What the server has published of the role, newest version. */
function signedUpdates(): string {
  const metadata = join(lab.dataDir, 'trust', 'public', 'metadata');
  const versions = readdirSync(metadata).flatMap((name) => /^(\d+)\.updates\.json$/.exec(name)?.[1] ?? []);
  return readFileSync(join(metadata, `${Math.max(...versions.map(Number))}.updates.json`), 'utf8');
}

async function assertRefused(root: MachineRoot, why: RegExp): Promise<void> {
  const outcome = await runOnce(root);
  assert.match(outcome?.message ?? '', /0 installed, 1 failed/);
  assert.ok(!installed(root));
  assert.deepEqual(fetchedContent(), [], 'nothing of it is fetched');
  const events = refusals(root);
  assert.equal(events.length, 1, events.join('\n'));
  assert.match(events[0] ?? '', why);
  assert.match(events[0] ?? '', /800b0004/i);
  assert.match(logOf(root), why);
}

describe('what a man in the middle alters of an update', () => {
  const alterations: [string, string, string, RegExp][] = [
    ['arguments', 'Arguments=""', 'Arguments="--as-root"', /arguments are not what the operator signed/],
    ['the program', 'Program="sample.mjs"', 'Program="other.mjs"', /program is not what the operator signed/],
    ['what a code means', 'Result="Succeeded"', 'Result="Failed"', /return codes are not what the operator signed/],
    ['what other codes mean', 'DefaultResult="Failed"', 'DefaultResult="Succeeded"', /return codes are not/],
    ['a restart', 'RebootByDefault="false"', 'RebootByDefault="true"', /return codes are not/],
    ['its size', 'Size="', 'Size="60000000', /files are not what the operator signed/],
  ];
  for (const [name, from, to, why] of alterations) {
    it(`${name}: refused`, async () => {
      const root = await machine();
      lab.alter = (what, body) => (what === 'GetExtendedUpdateInfo' ? replaced(body, from, to) : body);
      await assertRefused(root, why);
    });
  }

  it('its rules: refused', async () => {
    const root = await machine();
    lab.alter = (what, body) =>
      what === 'SyncUpdates' ? replaced(body, 'Moult Sample\\installed.txt', 'Moult Sample\\none.txt') : body;
    await assertRefused(root, /its rules are not those that the operator signed/);
  });

  it('an update of his own that runs a tool which the operator signed, with his arguments: refused', async () => {
    const marker = join(folder, 'marker.txt');
    const tool = await operatorsTool();
    const root = await machine();
    forge(tool, marker);
    await assertRefused(root, /the operator has signed no instructions for it/).finally(() => {
      assert.ok(!existsSync(marker), 'the tool was run with his arguments');
    });
  });
});

/** A cabinet that the operator signed: a program that writes to the file it is told. */
async function operatorsTool(): Promise<Uint8Array> {
  const text = "import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[2], 'run');";
  const now = new Date();
  const cabinet = createCabinet([{ name: 'tool.mjs', bytes: Buffer.from(text), modified: now }], {
    compression: 'mszip',
  });
  return await signFile(cabinet, signer, { now, description: 'A tool' });
}

/** Answers of the server with the sample update turned into another one, whose file is `tool`. */
function forge(tool: Uint8Array, line: string): void {
  const digest = (algorithm: string) => createHash(algorithm).update(tool).digest('base64');
  let sha1 = '';
  lab.alter = (what, body) => {
    if (what === 'SyncUpdates') return body.replaceAll(sampleIds.update, 'eeeeeeee-0000-4000-8000-000000000001');
    if (what !== 'GetExtendedUpdateInfo') return body;
    sha1 = /Digest="([^"]+)"/.exec(body)?.[1] ?? '';
    return body
      .replaceAll(sha1, digest('sha1'))
      .replace(/(SHA256"&gt;)[^&]+/, `$1${digest('sha256')}`)
      .replace(/(?<= )Size="\d+/, `Size="${tool.length}`)
      .replace('Program="sample.mjs', 'Program="tool.mjs')
      .replace('Arguments=""', `Arguments="${line}"`);
  };
  lab.intercept = (what) =>
    /^GET \/Content\//i.test(what) ? { status: 200, type: 'application/octet-stream', body: tool } : undefined;
}

describe('the operator decides', () => {
  const author = { name: 'test', at: new Date() };
  const approve = async (groupId: string, action: 'Install' | 'Block') => {
    const decision = { updateId: sampleIds.update, groupId, action, deadline: undefined, administrator: 'test' };
    await store.deploy(decision, new Date());
  };

  it('an update that is approved for another group is refused; for the group of this computer it is not', async () => {
    await approve(allComputers, 'Block');
    await approve(unassignedComputers, 'Install');
    await until(() => signedUpdates().includes('"group": "Unassigned Computers"'));
    // The server counts it among the unassigned; its policy says that it is one of the desktops.
    await assertRefused(await machine({ targetGroup: 'Desktops' }), /did not approve it for "Desktops"/);
    const other = await machine({ targetGroup: 'Lab;unassigned computers' });
    await runOnce(other);
    assert.ok(installed(other));
    await approve(allComputers, 'Install');
    await until(() => signedUpdates().includes('"group": "All Computers"'));
  });

  it('an approval that was taken back is not played back', async () => {
    const root = await machine();
    const said = new Map<string, string>();
    lab.alter = (what, body) => {
      if (!said.has(what) || body.includes(sampleIds.update)) said.set(what, body);
      return body;
    };
    // It waits for its schedule, and sends nothing back while the hour is another one.
    openRegistry(root).change([{ key: keys.policyAu, name: 'AUOptions', value: number(3) }]);
    await runDue(root);
    assert.ok(said.get('GetExtendedUpdateInfo')?.includes('sample.mjs'));
    const old = join(lab.dataDir, 'trust', 'public', 'metadata');
    const before = new Map(readdirSync(old).map((name) => [name, readFileSync(join(old, name))]));
    await store.setDeclined(sampleIds.update, true, author);
    await until(() => !signedUpdates().includes(sampleIds.update));
    lab.alter = undefined;
    await runDue(root);
    // From here on the server of before is played back, and says that it wants the update installed.
    lab.alter = (what, body) => (/^(SyncUpdates|GetExtendedUpdateInfo)$/.test(what) ? (said.get(what) ?? body) : body);
    lab.intercept = (what) => {
      const file = before.get(/^GET \/tuf\/metadata\/(.+)$/.exec(what)?.[1] ?? '');
      return file && { status: 200, type: 'application/json', body: file };
    };
    lab.journal.length = 0;
    await assertRefused(root, /signed no instructions for it, as far as the last list says/);
    assert.match(logOf(root), /Trust metadata: .*(timestamp|older|lower)/i);
    await store.setDeclined(sampleIds.update, false, author);
    await until(() => signedUpdates().includes(sampleIds.update));
  });
});

describe('a server without trust metadata', () => {
  const hide = (what: string) =>
    what.startsWith('GET /tuf/') ? { status: 404, type: 'text/plain', body: '' } : undefined;
  const allow = (root: MachineRoot) =>
    openRegistry(root).change([{ key: keys.agent, name: 'AllowUncovered', value: number(1) }]);

  it('installs nothing, until the administrator of the machine allows it', async () => {
    lab.intercept = hide;
    const root = await machine();
    await assertRefused(root, /the server has no trust metadata \(AllowUncovered is 0\)/);
    allow(root);
    await runOnce(root);
    assert.ok(installed(root));
  });

  it('that had some once: the last list counts, and AllowUncovered does not', async () => {
    const root = await machine();
    // The hour of installations is far: this detection only finds.
    const far = number((new Date().getHours() + 12) % 24);
    openRegistry(root).change([{ key: keys.autoUpdate, name: 'ScheduledInstallTime', value: far }]);
    await runDue(root);
    lab.intercept = hide;
    allow(root);
    lab.alter = (what, body) =>
      what === 'GetExtendedUpdateInfo' ? replaced(body, 'Arguments=""', 'Arguments="--as-root"') : body;
    lab.journal.length = 0;
    await assertRefused(root, /arguments are not what the operator signed/);
    lab.alter = undefined;
    await runOnce(root);
    assert.ok(installed(root), 'what the last list covers is installed: no stop');
    assert.match(logOf(root), /Trust metadata: the last good list, 1 update covered/);
  });

  it('that gets some: an agent that was there before comes to the root by the certificate that it has', async () => {
    lab.intercept = hide;
    const root = await machine();
    assert.ok(!existsSync(root.trustRoot));
    lab.intercept = undefined;
    const outcome = await runOnce(root);
    assert.match(outcome?.message ?? '', /1 installed/);
    const metadata = join(lab.dataDir, 'trust', 'public', 'metadata');
    assert.deepEqual(readFileSync(root.trustRoot), readFileSync(join(metadata, '1.root.json')));
  });

  it('and a root that another operator signed is no root', async () => {
    const now = new Date();
    const ca = await createOperatorCa({ commonName: 'Another operator', now });
    const other = await createOperatorSigner(ca, { commonName: 'Another operator, code signing', now });
    const bytes = readFileSync(join(lab.dataDir, 'trust', 'public', 'metadata', '1.root.json'));
    const cabinet = createCabinet([{ name: 'root.json', bytes, modified: now }], { compression: 'mszip' });
    const signed = await signFile(cabinet, other, { now, description: trustRootPurpose });
    const mislabelled = await signFile(cabinet, signer, { now, description: 'A tool' });
    for (const body of [signed, mislabelled]) {
      lab.intercept = (what) =>
        what === 'GET /tuf/trust-root.cab' ? { status: 200, type: 'application/octet-stream', body } : undefined;
      const root = await machine();
      assert.ok(!existsSync(root.trustRoot));
      await assertRefused(root, /the server has no trust metadata/);
      assert.ok(!existsSync(root.trustRoot));
    }
  });
});
