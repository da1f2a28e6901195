// The file of a release on the disk: after kill -9 it goes on where it stopped, and downloads of updates give way to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, it } from 'node:test';
import type { FoundTarget } from '@moult/releases/client';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { mountSmallDisk } from '../../server/test/small-disk.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';
import { fetchReleaseFile } from '../src/trust/release-file.ts';
import { closeServer, listenOn } from './proxy-server.ts';

const bytes = Buffer.from(Array.from({ length: 900_000 }, (_, at) => (at * 31 + (at >> 7)) & 255));
const asked: (string | undefined)[] = [];
let answer: RequestListener;
let folder: string;
let url = '';
const server = createServer((request, response) => {
  asked.push(request.headers.range);
  answer(request, response);
});
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-release-file-'));
  url = `http://127.0.0.1:${await listenOn(server)}`;
});
after(async () => {
  await closeServer(server);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked.length = 0;
  answer = ({ headers }, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const range = { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? range : {}).end(bytes.subarray(from));
  };
});

const numbers = { product: 'moult-agent', generation: 'wsus', platform: 'any', epoch: 0, version: '7.9.0.2' };
const release: ReleaseTarget = { kind: 'release', ...numbers, floors: [], deltas: [] };
const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
const target: FoundTarget & { release: ReleaseTarget } = {
  ...{ path: 'agent/wsus/0-7.9.0.2-any.cab', role: 'agent', release },
  file: { length: bytes.length, hashes },
};

function source() {
  const limits = { silenceMs: 60_000, totalMs: 120_000, maxBytes: 1 };
  return { server: url, userAgent: 'test', limits, operatorCaPem: '', now: () => new Date() };
}

function fetchInto(root: MachineRoot) {
  const into = join(root.selfUpdateFolder, 'wuaucomp.cab');
  const how = { root, into, fresh: false, consistent: true, targets: new Map(), note: () => undefined };
  return fetchReleaseFile(target, source(), how);
}

it('goes on after kill -9 where it stopped', async () => {
  const root = machineRoot(join(folder, 'killed'));
  const partial = join(root.selfUpdateFolder, 'wuaucomp.cab.part');
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 600_000));
  };
  const names = ['../src/trust/release-file.ts', '../src/machine/machine-root.ts'];
  const [module, machine] = names.map((name) => new URL(name, import.meta.url).href);
  const { now: _, ...plain } = source();
  const program =
    `const { fetchReleaseFile } = await import(${JSON.stringify(module)});` +
    `const { machineRoot } = await import(${JSON.stringify(machine)});` +
    `const root = machineRoot(${JSON.stringify(root.folder)});` +
    `const how = { root, into: ${JSON.stringify(partial.slice(0, -5))}, fresh: false, consistent: true, targets: new Map(), note() {} };` +
    `await fetchReleaseFile(${JSON.stringify(target)}, { ...${JSON.stringify(plain)}, now: () => new Date() }, how);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  try {
    await waitUntil('the child has 600,000 bytes', () => existsSync(partial) && statSync(partial).size >= 600_000);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  asked.length = 0;
  answer = ({ headers }, response) => {
    assert.equal(headers.range, 'bytes=600000-');
    response.writeHead(206, { 'Content-Range': `bytes 600000-${bytes.length - 1}/${bytes.length}` });
    response.end(bytes.subarray(600_000));
  };
  const { bytes: got, fromCache } = await fetchInto(root);
  assert.ok(bytes.equals(got) && !fromCache);
  assert.deepEqual(asked, ['bytes=600000-']);
  assert.deepEqual(readdirSync(root.selfUpdateFolder), ['wuaucomp.cab']);
  assert.equal((await fetchInto(root)).fromCache, true);
});

it('finds its room where unfinished downloads of updates are, and says how much is missing where nothing gives way', async () => {
  const disk = mountSmallDisk(join(folder, 'disk'), 4);
  if (!disk) return;
  try {
    const root = machineRoot(disk.path);
    mkdirSync(root.downloadFolder, { recursive: true });
    // As an enemy leaves them: many downloads, each cut off before its end, until nothing more fits.
    const partials = Array.from({ length: 60 }, (_, at) => createHash('sha1').update(`${at}`).digest('hex'));
    for (const name of partials) writeFileSync(join(root.downloadFolder, `${name}.partial`), Buffer.alloc(60_000));
    const { bytes: got } = await fetchInto(root);
    assert.ok(bytes.equals(got));
    assert.ok(!existsSync(root.downloadFolder), 'they gave way');
    rmSync(root.selfUpdateFolder, { recursive: true });
    asked.length = 0;
    disk.fill(1_000_000);
    await assert.rejects(fetchInto(root), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'AGENT_SELFUPDATE_DISK');
      assert.match(error.message, /needs \d{7} bytes in .*, and only \d{6,7} are free\. Nothing was fetched\./);
      return true;
    });
    assert.deepEqual(asked, []);
    assert.deepEqual(readdirSync(root.selfUpdateFolder), []);
  } finally {
    disk.unmount();
  }
});
