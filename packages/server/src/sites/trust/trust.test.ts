// /tuf/ on a real port, read by the client that agents get.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createHttpFetch, downloadTarget, memoryStore, UpdateClient } from '@moult/releases/client';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { Repository } from '@moult/releases/repository';
import { createAccessLog } from '../../http/access-log/index.ts';
import { createFront } from '../../http/front.ts';
import { listen } from '../../http/listener.ts';
import { createTrustSite } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-trust-'));
const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops) await stop();
  // A log file may be closed a moment later.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});
const start = new Date('2026-12-01T00:00:00Z');
const inDays = (days: number) => new Date(start.getTime() + days * 86_400_000);
const release: ReleaseTarget = {
  ...{ kind: 'release', product: 'moult-agent', generation: 'wsus', platform: 'any', epoch: 0, version: '7.9.0.2' },
  ...{ floors: [], deltas: [] },
};
const path = 'agent/wsus/0-7.9.0.2-any.cab';

let serial = 0;
async function startSite({ isClockBelieved = true, directory = join(folder, `${++serial}`, 'trust') } = {}) {
  const time = { now: start };
  const troubles: unknown[] = [];
  const warned: string[] = [];
  const log = {
    info: () => undefined,
    warn: (_: unknown, line: string) => void warned.push(line),
    error: (...what: unknown[]) => void troubles.push(what),
  } as never;
  const parts = {
    directory,
    now: () => time.now,
    isClockBelieved: () => isClockBelieved,
    log,
    changed: () => undefined,
  };
  const open = () => createTrustSite({ ...parts, everyMs: 0 });
  const site = open();
  const accessLog = createAccessLog({ folder: join(directory, '..', 'logs'), now: () => new Date() });
  const { handle } = createFront({ listener: 'main', sites: [site], accessLog, log, now: () => new Date() });
  const limits = { maxConnections: 100, requestTimeoutMs: 5000, idleTimeoutMs: 5000 };
  const listener = await listen(handle, { host: '127.0.0.1', port: 0, limits });
  stops.push(async () => {
    await listener.stop(100);
    await site.close();
    accessLog.close();
  });
  return {
    url: `http://127.0.0.1:${listener.port}`,
    port: listener.port,
    directory,
    site,
    open,
    time,
    troubles,
    warned,
  };
}

function clientOf(url: string, directory: string) {
  const fetch = createHttpFetch({ userAgent: 'test', limits: { tries: 1 } });
  const store = memoryStore(readFileSync(join(directory, 'public', 'metadata', '1.root.json')));
  const client = new UpdateClient({
    store,
    fetch,
    metadataUrls: [`${url}/tuf/metadata`],
    now: () => start,
    mode: 'strict',
  });
  return { client, fetch };
}

/** The first line that a raw request is answered with: what fetch would tidy up goes out as it is. */
function raw(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('the trust site', () => {
  it('at the first start makes a repository that the client verifies, and keeps it at the next', async () => {
    const { url, directory, site, open } = await startSite();
    assert.equal(site.isNew, true);
    const { client } = clientOf(url, directory);
    await client.refresh();
    assert.deepEqual(client.versions, { root: 1, timestamp: 1, snapshot: 1, targets: 1 });
    const again = open();
    assert.equal(again.isNew, false);
    await again.close();
    assert.deepEqual(site.notices(), []);
  });

  it('serves what another process publishes, at once, and the client downloads it', async () => {
    const { url, directory } = await startSite();
    const { client, fetch } = clientOf(url, directory);
    await client.refresh();
    const repository = new Repository(directory);
    repository.add('agent', path, Buffer.from('the release'), release, start);
    repository.signWithOwnKeys();
    await client.refresh();
    assert.equal(await client.find(path), undefined, 'staged is not published');
    repository.publish(start);
    await client.refresh();
    const target = (await client.find(path)) ?? assert.fail();
    const file = join(directory, '..', 'download');
    await downloadTarget(target, file, {
      fetch,
      targetUrls: [`${url}/tuf/targets`],
      consistent: true,
      keepPartial: true,
    });
    assert.equal(readFileSync(file, 'utf8'), 'the release');
    const timestamp = await globalThis.fetch(`${url}/tuf/metadata/timestamp.json`);
    assert.equal(timestamp.headers.get('cache-control'), 'no-cache');
    const etag = timestamp.headers.get('etag') ?? '';
    assert.equal((await globalThis.fetch(timestamp.url, { headers: { 'If-None-Match': etag } })).status, 304);
    assert.equal((await globalThis.fetch(timestamp.url, { method: 'POST' })).status, 405);
  });

  it('serves nothing else: no key, no staged file, nothing behind a link, by no spelling', async () => {
    const { port, directory } = await startSite();
    const repository = new Repository(directory);
    repository.add('agent', path, Buffer.from('the release'), release, start);
    const secret = readdirSync(join(directory, 'keys'))[0] ?? '';
    writeFileSync(join(directory, 'public', 'metadata', 'notes.txt'), 'PRIVATE');
    writeFileSync(join(directory, 'public', 'metadata', '2.root.json.new'), 'PRIVATE');
    for (const target of [
      '/tuf',
      '/tuf/',
      '/tuf/metadata/',
      `/tuf/keys/${secret}`,
      `/tuf/metadata/../../keys/${secret}`,
      `/tuf/metadata/..%2f..%2fkeys%2f${secret}`,
      `/tuf/targets/../../keys/${secret}`,
      `/tuf/targets/..\\..\\keys\\${secret}`,
      '/tuf/staged/agent.json',
      '/tuf/metadata/../../staged/agent.json',
      '/tuf/metadata/notes.txt',
      '/tuf/metadata/2.root.json.new',
      '/tuf/metadata/constructor',
      '/tuf/targets/__proto__',
      `/tuf/targets/${path}`,
      '/tuf/metadata/%00timestamp.json',
    ]) {
      const answer = await raw(port, target);
      assert.match(answer, /^HTTP\/1\.1 40[04] /, target);
      assert.doesNotMatch(answer, /PRIVATE|moult-signing-key|signatures/, target);
    }
    repository.signWithOwnKeys();
    repository.publish(start);
    const [digest = ''] = readdirSync(join(directory, 'public', 'targets', 'agent', 'wsus'));
    const stored = join(directory, 'public', 'targets', 'agent', 'wsus', digest);
    assert.match(await raw(port, `/tuf/targets/agent/wsus/${digest}`), /^HTTP\/1\.1 200 /);
    rmSync(stored);
    symlinkSync(join(directory, 'keys', secret), stored);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const answer = await fetchFresh(port, `/tuf/targets/agent/wsus/${digest}`);
    assert.doesNotMatch(answer, /moult-signing-key/);
  });

  it('signs again in time, and tells what ends when people have to sign', async () => {
    const { directory, open, time, warned } = await startSite();
    assert.equal(warned.length, 0);
    time.now = inDays(8);
    await open().close();
    assert.equal(new Repository(directory).state().published.timestamp?.signed.version, 2);
    time.now = inDays(340);
    const later = open();
    const [notice] = later.notices();
    assert.match(notice?.cause ?? '', /targets ends in 25 days/);
    assert.match(notice?.remedy ?? '', /moult release publish --renew/);
    assert.deepEqual(
      warned.filter((line) => line.includes('targets')),
      ['signed metadata: targets ends in 25 days'],
    );
    await later.close();
  });

  it('signs nothing and calls nothing expired while the clock is not believed', async () => {
    const made = await startSite();
    const ahead = await startSite({ isClockBelieved: false, directory: made.directory });
    ahead.time.now = inDays(4000);
    assert.deepEqual(ahead.site.notices(), []);
    made.time.now = inDays(4000);
    assert.match(made.site.notices()[0]?.headline ?? '', /expired/);
    const { directory, site, url } = await startSite({ isClockBelieved: false });
    assert.equal(site.isNew, false);
    assert.equal(existsSync(join(directory, 'public')), false);
    assert.equal((await fetch(`${url}/tuf/metadata/timestamp.json`)).status, 404);
  });

  it('goes on with a damaged repository, says so, and never makes another over it', async () => {
    const { directory, open, troubles } = await startSite();
    const keys = readdirSync(join(directory, 'keys')).sort();
    writeFileSync(join(directory, 'public', 'metadata', '1.root.json'), '{');
    const site = open();
    assert.match(site.notices()[0]?.headline ?? '', /cannot be renewed/);
    assert.equal(troubles.length, 1);
    assert.deepEqual(readdirSync(join(directory, 'keys')).sort(), keys);
    await site.close();
  });
});

function fetchFresh(port: number, target: string): Promise<string> {
  return raw(port, `${target}?fresh`);
}
