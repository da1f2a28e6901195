// The page "Automatic Updates Must Be Updated", told on one client from its first line to its last: not pointed, pointed, the
// panel, AUState and the times, stop and start of the service, the self-update, the logs, an unreachable server, and a SUS
// server with legacy mode both ways. Pointed by the files of "moult policy export". The server is the real one.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, it } from 'node:test';
import { exportPolicy, type PolicyFormat } from '@moult/administration/policy';
import {
  installAgent,
  type MachineRoot,
  machineRoot,
  type ProgressEvent,
  type RunningHost,
  readStatus,
  requestDetection,
  startHost,
} from '@moult/agent';
import { type OpenPanel, openPanel } from '@moult/agent/panel';
import { repositoryFile } from '@moult/disk';
import { createSusServer, type Listening, listen, type SusServer } from '@moult/simulator';
import { lockWaiting } from '../../agent/src/machine/lock.ts';
import { type DemoServer, startDemoServer } from '../src/demo/server.ts';

let folder: string;
let root: MachineRoot;
let server: DemoServer;
let susServer: SusServer;
let sus: Listening;
let panel: OpenPanel;
let cookie = '';
let host: RunningHost | undefined;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-story-'));
  root = machineRoot(join(folder, 'client'));
  const releaseFolder = repositoryFile('packages/agent/dist');
  server = await startDemoServer({ port: 0, releaseFolder }, join(folder, 'server'));
  const key = (name: string) => readFileSync(join(folder, 'server', 'keys', name), 'utf8');
  const signer = {
    ...{ certificatePem: key('operator-signing.cer.pem'), privateKeyPem: key('operator-signing.key.pem') },
    chainPem: [key('operator-ca.cer.pem')],
  };
  susServer = await createSusServer({ signer, now: new Date() });
  sus = await listen(susServer);
  const { operatorCertificate } = server;
  await installAgent(root, { server: server.url, generation: 'sus', releaseFolder, operatorCertificate });
  panel = await openPanel({
    ...{ root, product: 'Moult', now: () => new Date(), random: randomBytes },
    check: () => (requestDetection(root) ? 'Asked.' : 'Stopped.'),
  });
});
after(async () => {
  await host?.stop();
  await panel?.close();
  await sus?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the client does, as it says so. */
const seen: ProgressEvent[] = [];
let heard: (() => void) | undefined;

/** Rejects after minutes, on a machine that is out of breath too. */
async function until(what: string, is: (event: ProgressEvent) => boolean): Promise<ProgressEvent> {
  const late = AbortSignal.timeout(180_000);
  for (;;) {
    const found = seen.find(is);
    if (found) return found;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    heard = resolve;
    late.onabort = () => reject(new Error(`${what} did not come: ${JSON.stringify(seen.slice(-5))}`));
    await promise;
  }
}

/** net start wuauserv, net stop wuauserv. */
function netStart(): void {
  seen.length = 0;
  host = startHost(root, {
    onEvent: (event) => {
      seen.push(event);
      heard?.();
    },
  });
}

async function netStop(): Promise<void> {
  await host?.stop();
  assert.equal(readStatus(root).running, undefined);
}

/** The Auto Update key, as Registry Editor shows it. */
function registryValue(name: string): string | undefined {
  const text = readFileSync(root.registryFile ?? '', 'utf16le');
  const key = text.split('\r\n[').find((one) => /\\CurrentVersion\\WindowsUpdate\\Auto Update\]/.test(one)) ?? '';
  return new RegExp(`"${name}"=(.*)`).exec(key)?.[1]?.trim().replaceAll('"', '');
}

/** regedit /s FILE. */
function importReg(bytes: Uint8Array): void {
  const file = root.registryFile ?? '';
  const body = Buffer.from(bytes).toString('utf16le').split('\r\n').slice(1).join('\r\n');
  // As the agent writes it: a change of the agent at this moment must not take it away.
  const lock = lockWaiting(`${file}.lock`, 10_000) ?? assert.fail('the registry stays locked');
  try {
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from(`\r\n${body}`, 'utf16le')]));
  } finally {
    lock.release();
  }
}

function setAutoUpdate(line: string): void {
  const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update';
  importReg(Buffer.from(`Windows Registry Editor Version 5.00\r\n\r\n[${key}]\r\n${line}\r\n`, 'utf16le'));
}

function exported(format: PolicyFormat, address: string, isUndo = false): Uint8Array {
  const options = { isUndo, now: new Date(), newGuid: () => '00000000-0000-4000-8000-000000000001' };
  const [file] = exportPolicy(format, { server: address, group: undefined }, options);
  return file?.bytes ?? assert.fail(format);
}

/** What an administrator sees in Automatic Updates. */
async function look(): Promise<string> {
  const { origin } = new URL(panel.url);
  if (cookie === '') {
    const opened = await fetch(panel.url, { redirect: 'manual' });
    cookie = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  }
  return (await fetch(origin, { headers: { cookie } })).text();
}

async function press(path: '/choice' | '/check', fields: Record<string, string> = {}): Promise<void> {
  const { origin } = new URL(panel.url);
  const answer = await fetch(`${origin}${path}`, {
    ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) },
    headers: { cookie, origin },
  });
  assert.equal(answer.status, 303);
}

/** Check now. Answers how it ended: the client waits for its next detection then. */
async function checkNow(): Promise<ProgressEvent> {
  await look();
  seen.length = 0;
  await press('/check');
  const isEnd = ({ step }: ProgressEvent) => step === 'finished' || step === 'failed' || step === 'legacy';
  await until('the end of the check', (event) => {
    const begun = seen.findIndex(isEnd);
    return event.step === 'waiting' && begun >= 0 && seen.indexOf(event) > begun;
  });
  return seen.findLast(isEnd) ?? assert.fail('no end');
}

const face = (page: string) => /<body class="face-(\w+)"/.exec(page)?.[1];

it('the page, from its first line to its last', async (story) => {
  await story.test('a client that is not pointed says so', async () => {
    importReg(exported('reg', server.url, true));
    netStart();
    const failed = await checkNow();
    assert.match(failed.text, /0x80244011 This machine is not pointed at an update server/);
    const page = await look();
    assert.equal(face(page), 'sus');
    assert.match(page, /Keep my computer up to date[\s\S]*SUS client 5\.4\.0\.1[\s\S]*none is set/);
  });

  await story.test('steps 1 to 13: it is pointed, by the file of the policy', () => {
    importReg(exported('reg', server.url));
    const { server: named, statusServer, useServer } = readStatus(root);
    assert.deepEqual([named, statusServer, useServer], [server.url, server.url, true]);
  });

  await story.test('steps 15 to 19: in the panel it is on, AUState is 2, and the two times are gone', async () => {
    await press('/choice', {});
    assert.equal(registryValue('AUState'), 'dword:00000007');
    assert.match(await look(), /Automatic Updates is turned off/);
    await press('/choice', { on: '1', mode: 'automatic', day: '0', hour: '3' });
    assert.equal(registryValue('AUState'), 'dword:00000002');
    assert.equal(registryValue('AUOptions'), 'dword:00000004');
  });

  await story.test('steps 20 to 22: after stop and start both times are there, five minutes apart', async () => {
    await netStop();
    assert.match(await look(), /stopped\. Start it with/);
    setAutoUpdate('"LastWaitTimeout"=-\r\n"DetectionStartTime"=-');
    netStart();
    await until('the wait', ({ step }) => step === 'waiting');
    const [, ...utc] =
      /^(\d{4})\.(\d\d)\.(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(registryValue('LastWaitTimeout') ?? '') ?? [];
    const [y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0] = utc.map(Number);
    const detection = Date.UTC(y, mo - 1, d, h, mi, s);
    const [, ...local] =
      /^(\d{4})\.(\d\d)\.(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(registryValue('DetectionStartTime') ?? '') ?? [];
    const [ly = 0, lmo = 0, ld = 0, lh = 0, lmi = 0, ls = 0] = local.map(Number);
    assert.equal(detection - new Date(ly, lmo - 1, ld, lh, lmi, ls).getTime(), 5 * 60_000);
    assert.ok(detection > Date.now() && detection <= Date.now() + 5 * 60_000);
  });

  await story.test('Check now: it updates itself, and the panel has the face of the WSUS client', async () => {
    await checkNow();
    await until('the installation', ({ step }) => step === 'installed');
    await until('the wait', (event) => event.step === 'waiting' && event.generation === 'wsus');
    assert.ok(existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt')));
    const page = await look();
    assert.equal(face(page), 'wsus');
    assert.match(page, /Turn off Automatic Updates\.[\s\S]*WSUS client 7\.[\s\S]*Updated itself/);
    assert.match(page, /Moult sample update<\/th><td>Installed<\/td>/);
    const { auState, results } = readStatus(root);
    assert.deepEqual([auState?.value, results.detect.lastError], [2, '0x00000000']);
  });

  await story.test('the logs tell it, each in its own place', () => {
    const old = readFileSync(root.susLog, 'utf8');
    assert.match(old, /\tError\tSelfUpdate\tSelf-update failed with 0x80244011: This machine is not pointed/);
    assert.match(old, /\tInfo\tSelfUpdate\tOutdated: version /);
    assert.match(readFileSync(root.wsusLog, 'utf8'), /\tSetup\tSelfUpdate: version .* is installed/);
    assert.ok(!existsSync(root.urlLog), 'no ping waits');
  });

  await story.test('a server that does not answer: 24 hours, and the pings wait', async () => {
    // Nothing listens on port 9 (discard) here.
    importReg(exported('reg', 'http://127.0.0.1:9'));
    const failed = await checkNow();
    assert.equal(failed.step, 'failed');
    const hours = (Date.parse(readStatus(root).nextDetection ?? '') - Date.now()) / 3_600_000;
    assert.ok(hours > 23.9 && hours <= 24, `${hours}`);
    assert.match(readFileSync(root.urlLog, 'utf8'), /^http:\/\/127\.0\.0\.1:9\t/);
    assert.match(await look(), /failed with 0x/);
  });

  await story.test(
    'pointed at a SUS server it is in legacy mode, with the old face, also after a restart',
    async () => {
      mkdirSync(dirname(root.groupPolicyFile), { recursive: true });
      writeFileSync(root.groupPolicyFile, exported('pol', sus.url));
      await checkNow();
      assert.equal(readStatus(root).legacyMode, true);
      const page = await look();
      assert.equal(face(page), 'sus');
      assert.match(page, /Keep my computer up to date[\s\S]*WSUS client in legacy \(SUS\) mode/);
      assert.ok(susServer.pings().length > 0);
      await netStop();
      netStart();
      await until('the wait', ({ step }) => step === 'waiting');
      assert.equal(face(await look()), 'sus');
    },
  );

  await story.test('pointed away from it, it comes out by itself, and the new face appears', async () => {
    writeFileSync(root.groupPolicyFile, exported('pol', server.url));
    await checkNow();
    assert.ok(seen.some(({ step, text }) => step === 'legacy' && /ended \(0x8024a002\)/.test(text)));
    assert.equal(readStatus(root).legacyMode, false);
    assert.equal(face(await look()), 'wsus');
    assert.ok(!existsSync(root.urlLog), 'what waited is sent');
    rmSync(root.groupPolicyFile);
    importReg(exported('reg', server.url));
  });

  await story.test('what waits is installed when the choice in the panel says so, not an hour later', async () => {
    await press('/choice', { mode: 'download' });
    await netStop();
    rmSync(join(root.programFiles, 'Moult Sample'), { recursive: true });
    const limits = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Moult\\Agent\\Limits';
    importReg(Buffer.from(`x\r\n[${limits}]\r\n"agent.max-sleep-ms"=dword:000003e8\r\n`, 'utf16le'));
    setAutoUpdate('"LastWaitTimeout"="2026.01.01 00:00:00"');
    netStart();
    await until('the detection', ({ step }) => step === 'finished');
    assert.equal(registryValue('AUState'), 'dword:00000005');
    assert.match(await look(), /1 \(Moult sample update\), for you/);
    // Within an hour of a scheduled time it is that time. The last seconds of an hour belong to the next one.
    const hour = new Date(Date.now() + 10_000).getHours();
    await press('/choice', { mode: 'automatic', day: '0', hour: String(hour) });
    await until('the installation', ({ step }) => step === 'installed');
    assert.ok(existsSync(join(root.programFiles, 'Moult Sample', 'installed.txt')));
  });
});
