// The installers that a server hands out, over HTTP, and what no request and no damage makes of them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa } from '@moult/formats/authenticode';
import { moultBrand } from '@moult/protocol/self-update';
import { type BundleContents, type Platform, type Runtime, rootFingerprint } from '@moult/releases/bundle';
import pino from 'pino';
import { mountSmallDisk } from '../../../test/small-disk.ts';
import { createFront } from '../../http/front.ts';
import { createAgentBundlesSite, makeKeptBundles, readInstallLines } from './index.ts';

const runtimeOf = (content: string): Runtime => {
  const bytes = Buffer.from(content);
  return { sizeBytes: bytes.length, read: () => [bytes], license: Buffer.from('a licence') };
};

let dataDir: string;
let server: Server;
let site: ReturnType<typeof createAgentBundlesSite>;
let url: string;
let contents: BundleContents;

before(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'moult-kept-bundles-'));
  const { certificatePem } = await createOperatorCa({ commonName: 'An operator', now: new Date() });
  contents = {
    ...{ brand: moultBrand, releases: [], operatorCertificate: certificatePem },
    ...{
      program: Buffer.from('// moult-agent'),
      trustRoot: Buffer.from('{}'),
      license: Buffer.from('Apache'),
      notices: Buffer.of(),
    },
  };
  site = createAgentBundlesSite(dataDir);
  const accessLog = { meet: () => undefined, record: () => undefined, recordRefusal: () => undefined };
  const front = createFront({
    listener: 'main',
    sites: [site],
    accessLog: accessLog as unknown as Parameters<typeof createFront>[0]['accessLog'],
    log: pino({ level: 'silent' }),
    now: () => new Date(),
  });
  server = createServer(front.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await site.close();
  rmSync(dataDir, { recursive: true });
});

const make = (content = 'node '.repeat(9000), ...platforms: Platform[]) => {
  const asked = platforms.length === 0 ? (['linux-x64', 'win-x64'] as const) : platforms;
  const runtimes = new Map(asked.map((platform) => [platform, runtimeOf(content)]));
  return makeKeptBundles(dataDir, { contents, runtimes, level: 1 });
};
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const get = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(url + path, init);
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};

describe('the installers that a server hands out', () => {
  it('come from an administrator alone: a request makes none', async () => {
    const { status, bytes } = await get('/agent/linux-x64');
    assert.equal(status, 404);
    assert.match(bytes.toString(), /moult agent install-line/);
    assert.deepEqual(readdirSync(dataDir), []);
  });

  it('are bundles and scripts, each with the digest that was said, in any letter case', async () => {
    const { bundles, scripts } = await make();
    for (const [path, file] of Object.entries({ ...bundles, ...scripts })) {
      const { status, headers, bytes } = await get(`/Agent/${path}`);
      assert.deepEqual([status, sha256(bytes), headers.get('etag')], [200, file.sha256, `"${file.sha256}"`]);
    }
    const script = (await get('/agent/install.sh')).bytes.toString();
    assert.ok(script.includes(bundles['linux-x64']?.sha256 ?? '?'));
  });

  it('are the same when they are made again, and those of before go when they change', async () => {
    const first = await make();
    assert.deepEqual(await make(), first);
    const second = await make('another node');
    assert.notEqual(second.scripts['install.sh'].sha256, first.scripts['install.sh'].sha256);
    assert.equal(readdirSync(join(dataDir, 'agent-bundles')).length, 5);
    assert.equal(sha256((await get('/agent/win-x64')).bytes), second.bundles['win-x64']?.sha256);
  });

  it('have a line each, with the digest of the script and the root that is trusted then', async () => {
    const target = { server: 'http://wsus:8530', group: "it's" };
    rmSync(join(dataDir, 'agent-bundles'), { recursive: true, force: true });
    assert.deepEqual(readInstallLines(dataDir, target), { bundles: [] });
    const { bundles, scripts } = await make();
    const lines = readInstallLines(dataDir, target);
    assert.equal(lines.trustRoot, rootFingerprint(contents));
    assert.ok(lines.linux?.includes(scripts['install.sh'].sha256) && lines.linux.includes("'it'\\''s'"), lines.linux);
    assert.ok(lines.windows?.includes(scripts['install.ps1'].sha256.toUpperCase()), lines.windows);
    assert.deepEqual(
      lines.bundles.map(({ platform, sha256: digest }) => [platform, digest]),
      Object.entries(bundles).map(([platform, file]) => [platform, file.sha256]),
    );
    await make(undefined, 'linux-arm64');
    assert.deepEqual(Object.keys(readInstallLines(dataDir, target)), ['linux', 'trustRoot', 'bundles']);
  });

  it('of a version that wrote no root into its index are handed out, and have no line until they are made again', async () => {
    await make();
    const index = join(dataDir, 'agent-bundles', 'index.json');
    const { trustRoot: _, ...old } = JSON.parse(readFileSync(index, 'utf8'));
    for (const text of [old, { ...old, trustRoot: 7 }, { ...old, trustRoot: '$(id)' }]) {
      writeFileSync(index, JSON.stringify(text));
      assert.equal((await get('/agent/install.sh')).status, 200);
      assert.deepEqual(readInstallLines(dataDir, { server: 'http://wsus:8530' }), { bundles: [] });
    }
  });

  it('answer HEAD, ranges and conditions, and no other method', async () => {
    const { bundles } = await make();
    const { sizeBytes = 0, sha256: digest } = bundles['linux-x64'] ?? {};
    const head = await get('/agent/linux-x64', { method: 'HEAD' });
    assert.deepEqual([head.status, Number(head.headers.get('content-length')), head.bytes.length], [200, sizeBytes, 0]);
    const whole = (await get('/agent/linux-x64')).bytes;
    const part = await get('/agent/linux-x64', { headers: { Range: 'bytes=10-19' } });
    assert.deepEqual([part.status, part.bytes], [206, whole.subarray(10, 20)]);
    assert.equal((await get('/agent/linux-x64', { headers: { Range: `bytes=${sizeBytes}-` } })).status, 416);
    assert.equal((await get('/agent/linux-x64', { headers: { 'If-None-Match': `"${digest}"` } })).status, 304);
    const posted = await get('/agent/linux-x64', { method: 'POST', body: 'x' });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  });

  it('are all that a path can name', async () => {
    writeFileSync(join(dataDir, 'secret'), 'secret');
    const { bundles } = await make();
    const paths = [
      '',
      '/',
      '/../secret',
      '/..%2fsecret',
      '/%2e%2e/secret',
      '/..\\secret',
      '/index.json',
      '/constructor',
      '/__proto__',
    ];
    paths.push(
      '/linux-x64/',
      '/linux-x64%00',
      '/linux-arm64',
      '/win-x64.msi',
      `/${bundles['linux-x64']?.file}`,
      '/install.sh/..',
    );
    for (const path of paths) {
      const answer = await raw(`/agent${path}`);
      assert.match(answer, /^HTTP\/1\.1 (404|400) /, path);
      assert.ok(!answer.includes('secret\r') && !/\r\n\r\nsecret/.test(answer), path);
    }
  });

  it('bear 200 requests at once', async () => {
    const { bundles } = await make();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, at) => get(at % 2 ? '/agent/linux-x64' : '/agent/none')),
    );
    const good = answers.filter(
      ({ status, bytes }) => status === 200 && sha256(bytes) === bundles['linux-x64']?.sha256,
    );
    assert.deepEqual([good.length, answers.filter(({ status }) => status === 404).length], [100, 100]);
  });

  it('are made by one at a time: two at once end with one set', async () => {
    const [one, other] = await Promise.all([make('first'), make('second')]);
    const served = sha256((await get('/agent/linux-x64')).bytes);
    assert.ok([one, other].some(({ bundles }) => bundles['linux-x64']?.sha256 === served));
    assert.equal(readdirSync(join(dataDir, 'agent-bundles')).length, 5);
  });

  it('stay those of before when a new one cannot be made', async () => {
    const { bundles } = await make();
    const broken: Runtime = { ...runtimeOf('x'), sizeBytes: 99 };
    const order = { contents, runtimes: new Map([['linux-x64', broken] as const]), level: 1 };
    await assert.rejects(makeKeptBundles(dataDir, order), { code: 'FORMAT_BAD_DATA' });
    assert.equal(sha256((await get('/agent/linux-x64')).bytes), bundles['linux-x64']?.sha256);
    assert.equal(readdirSync(join(dataDir, 'agent-bundles')).length, 5);
  });

  it('stay those of before when their maker is killed, and the next one takes its leftovers away', async () => {
    const { bundles } = await make();
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    using maker = spawn(process.execPath, ['--input-type=module'], { stdio: ['pipe', 'pipe', 'inherit'] });
    maker.stdin.end(`
      import { makeKeptBundles } from ${module('./index.ts')};
      const bytes = Buffer.alloc(1e6);
      const read = async function* () {
        yield bytes;
        console.log('half');
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      };
      const text = ${JSON.stringify({ brand: moultBrand, releases: [], operatorCertificate: contents.operatorCertificate })};
      const contents = { ...text, program: bytes, trustRoot: bytes, license: bytes, notices: bytes };
      const runtime = { sizeBytes: 2e6, read, license: bytes };
      await makeKeptBundles(${JSON.stringify(dataDir)}, { contents, runtimes: new Map([['linux-x64', runtime]]), level: 0 });
    `);
    await once(maker.stdout, 'data');
    maker.kill('SIGKILL');
    await once(maker, 'close');
    assert.equal(readdirSync(join(dataDir, 'agent-bundles')).length, 6);
    assert.equal(sha256((await get('/agent/linux-x64')).bytes), bundles['linux-x64']?.sha256);
    await make();
    assert.equal(readdirSync(join(dataDir, 'agent-bundles')).length, 5);
  });

  it('count as none when the index is damaged, or a link lies in its place', async () => {
    await make();
    const index = join(dataDir, 'agent-bundles', 'index.json');
    const good = readFileSync(index, 'utf8');
    const digest = 'a'.repeat(64);
    const planted = JSON.stringify({
      bundles: {},
      scripts: { 'install.sh': { file: '../secret', sha256: digest, sizeBytes: 1 } },
    });
    for (const text of ['', '{', '[]', 'null', '{}', planted, good.replaceAll('.sh"', '.exe"')]) {
      writeFileSync(index, text);
      assert.equal((await get('/agent/install.sh')).status, 404, text);
    }
    rmSync(index);
    writeFileSync(join(dataDir, 'elsewhere'), good);
    symlinkSync('../elsewhere', index);
    assert.equal((await get('/agent/install.sh')).status, 404);
    rmSync(index);
    await make();
    assert.equal((await get('/agent/install.sh')).status, 200);
  });

  it('are not sent through a link, nor written into another folder', async () => {
    // One that was never sent: what is open stays open for seconds.
    const { scripts } = await make('a node of its own');
    const file = join(dataDir, 'agent-bundles', scripts['install.sh'].file);
    rmSync(file);
    symlinkSync('../secret', file);
    assert.equal((await get('/agent/install.sh')).status, 404);
    rmSync(join(dataDir, 'agent-bundles'), { recursive: true });
    mkdirSync(join(dataDir, 'victim'), { recursive: true });
    symlinkSync('victim', join(dataDir, 'agent-bundles'));
    await assert.rejects(make(), { code: 'RELEASE_BUNDLE_UNMADE' });
    assert.deepEqual(readdirSync(join(dataDir, 'victim')), []);
    rmSync(join(dataDir, 'agent-bundles'));
  });

  it('on a full disk are those of before, and the error says so', async () => {
    const place = join(dataDir, 'small');
    using disk = mountSmallDisk(place, 1);
    if (!disk) return;
    const order = { contents, runtimes: new Map([['linux-x64', runtimeOf('node')] as const]), level: 0 };
    const before = await makeKeptBundles(place, order);
    disk.fill(20_000);
    const large = { ...order, runtimes: new Map([['linux-x64', runtimeOf('x'.repeat(200_000))] as const]) };
    await assert.rejects(makeKeptBundles(place, large), { message: /the disk is full/ });
    const names = readdirSync(join(place, 'agent-bundles'));
    assert.deepEqual([names.length, names.includes(before.bundles['linux-x64']?.file ?? '?')], [4, true]);
  });
});

/** As it is written, without what fetch makes of a path. */
async function raw(path: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.end(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const pieces: Buffer[] = [];
  for await (const piece of socket) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}
