// Deltas from the repository to the file on a machine, over HTTP: small when they can be, the whole in every other case, and
// never more of memory, disk or trust than the whole would take.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { constants, zstdCompressSync } from 'node:zlib';
import { createCabinet } from '@moult/formats/cab';
import {
  createHttpFetch,
  downloadRelease,
  downloadTarget,
  type FoundTarget,
  memoryStore,
  UpdateClient,
} from '../src/client/index.ts';
import { applyDelta, baseOf, deltaLimits, emptySha256, makeDelta } from '../src/delta/index.ts';
import { type ReleaseTarget, readOurTarget } from '../src/metadata/index.ts';
import { createDefault, Repository } from '../src/repository/index.ts';

const start = new Date('2026-12-01T12:00:00Z');
let folder = '';
let url = '';
let asked: string[] = [];
let intercept: ((path: string, request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
const server = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(`${path.replace(/^.*\//, '').replace(/^[0-9a-f]{64}\./, '')} ${request.headers.range ?? ''}`.trim());
  if (intercept?.(path, request, response)) return;
  const file = join(folder, 'trust', 'public', path);
  if (!existsSync(file)) return void response.writeHead(404).end();
  const bytes = readFileSync(file);
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) return void response.end(bytes);
  const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { 'Content-Range': range }).end(bytes.subarray(Number(from)));
});
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-deltas-'));
  asked = [];
  intercept = undefined;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of about `size` bytes, alike enough to code: words that repeat, numbers that do not. */
function program(size: number, change = ''): Buffer {
  const lines = Array.from({ length: Math.ceil(size / 60) }, (_, line) => {
    const digest = createHash('sha256').update(`${line}`).digest('hex').slice(0, 24);
    return `export const value${line} = compute('${digest}');`;
  });
  lines.splice(lines.length >> 1, 0, ...(change === '' ? [] : [change]));
  return Buffer.from(lines.join('\n'));
}

function cabinet(bytes: Buffer, compression: 'none' | 'mszip' = 'none'): Buffer {
  const modified = new Date('2020-01-01T00:00:00Z');
  const members = [
    { name: 'release.json', bytes: Buffer.from('{}'), modified },
    { name: 'agent.mjs', bytes, modified },
  ];
  return Buffer.from(createCabinet(members, { compression }));
}

const pathOf = (version: string) => `agent/wsus/0-${version}-any.cab`;

function add(repository: Repository, version: string, bytes: Buffer, deltas = 3, more: Partial<ReleaseTarget> = {}) {
  const named = { product: 'moult-agent', generation: 'wsus', platform: 'any', epoch: 0, version };
  const ours: ReleaseTarget = { kind: 'release', ...named, floors: [], deltas: [], ...more };
  repository.add('agent', pathOf(version), bytes, ours, start, deltas);
  repository.signWithOwnKeys();
  repository.publish(start);
}

/** A machine that runs `old`, and asks for `version`. */
async function machine(repository: Repository, version: string, old?: Buffer) {
  const firstRoot = readFileSync(join(repository.folder.directory, 'public', 'metadata', '1.root.json'));
  const fetch = createHttpFetch({ userAgent: 'test', limits: { tries: 1, silenceMs: 60_000 } });
  const client = new UpdateClient({
    ...{ store: memoryStore(firstRoot), fetch, metadataUrls: [`${url}/metadata`] },
    ...{ now: () => start, mode: 'strict' },
  });
  await client.refresh();
  const targets = new Map((await client.list('agent')).map((found) => [found.path, found]));
  const target = targets.get(pathOf(version)) as FoundTarget;
  const release = readOurTarget(target.path, target.file) as ReleaseTarget;
  const file = join(folder, 'machine', 'wuaucomp.cab');
  const base = join(folder, 'agent.mjs');
  if (old) writeFileSync(base, old);
  const notes: string[] = [];
  const options = { fetch, targetUrls: [`${url}/targets`], consistent: true, keepPartial: true };
  asked.length = 0;
  return {
    ...{ file, notes, release, targets, target, options },
    load: () =>
      downloadRelease(target, file, {
        ...options,
        deltas: release.deltas,
        targets,
        bases: [join(folder, 'nothing'), folder, base],
        note: (text) => notes.push(text),
      }),
    content: () => readFileSync(file),
    leftovers: () => readdirSync(join(folder, 'machine')).filter((name) => name !== 'wuaucomp.cab'),
  };
}

function repositoryOf(): Repository {
  createDefault(join(folder, 'trust'), start);
  return new Repository(join(folder, 'trust'));
}

/** One block as it is, in a frame that asks for a window of so many bits (RFC 8878, 3.1.1). */
function frame(bytes: Buffer, windowLog: number): Buffer {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 0, 0, 0]);
  head.writeUIntLE((bytes.length << 3) | 1, 6, 3);
  return Buffer.concat([head, bytes]);
}

const old = program(600_000);
const fresh = program(600_000, 'export const oneLineMore = true;');

describe('a delta', () => {
  it('of one line more is under one per cent of the whole, made and applied in under a second for 8 MB', () => {
    for (const size of [600_000, 8_000_000]) {
      const [before, whole] = [program(size), cabinet(program(size, 'export const oneLineMore = true;'))];
      const started = process.cpuUsage();
      const delta = makeDelta(before, whole) ?? assert.fail('it is not worth its while');
      const made = applyDelta(before, delta.bytes, { length: whole.length, windowLog: delta.windowLog });
      const { user, system } = process.cpuUsage(started);
      assert.ok(whole.equals(made));
      assert.ok(delta.bytes.length < whole.length / 100, `${delta.bytes.length} of ${whole.length} bytes`);
      assert.ok(user + system < 1_000_000, `${user + system} microseconds of the processor`);
    }
  });

  it('that would be larger than 60 % of the whole, or of files too large, is not made', () => {
    assert.equal(makeDelta(randomBytes(100_000), randomBytes(100_000)), undefined);
    assert.equal(makeDelta(old, cabinet(fresh, 'mszip')), undefined);
    assert.equal(makeDelta(old, fresh, { ...deltaLimits, maxFileBytes: fresh.length - 1 }), undefined);
    const empty = makeDelta(new Uint8Array(), fresh);
    assert.ok(empty && empty.bytes.length < fresh.length * 0.6);
  });

  it('whose bytes are hostile makes no more than the signed length, of the disk, of memory and of time', () => {
    const bomb = zstdCompressSync(Buffer.alloc(2 ** 30), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    assert.ok(bomb.length < 200_000);
    const wide = frame(randomBytes(1000), 27);
    const before = process.memoryUsage.rss();
    const code = 'RELEASE_DELTA_UNUSABLE';
    for (const [hostile, length] of [
      [bomb, 1_000_000],
      [bomb, 2 ** 25 + 1],
      [wide, 1000],
      [Buffer.concat([bomb, bomb]), 10],
      [Buffer.alloc(0), 10],
      [randomBytes(5000), 10_000],
    ] as const)
      assert.throws(() => applyDelta(old, hostile, { length, windowLog: 20 }), { code });
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes of memory`);
  });

  it('a window beyond that of the recipe is refused', () => {
    const bytes = randomBytes(1000);
    const delta = frame(bytes, 27);
    assert.ok(bytes.equals(applyDelta(Buffer.alloc(0), delta, { length: 1000, windowLog: 27 })));
    const narrow = () => applyDelta(Buffer.alloc(0), delta, { length: 1000, windowLog: 20 });
    assert.throws(narrow, { code: 'RELEASE_DELTA_UNUSABLE' });
  });

  it('altered at any place is refused or right, never another file that passes', () => {
    const whole = cabinet(program(20_000, 'change();'));
    const delta = makeDelta(program(20_000), whole) ?? assert.fail();
    for (let at = 0; at < delta.bytes.length; at += 1) {
      const altered = Buffer.from(delta.bytes);
      altered[at] = (altered[at] ?? 0) ^ 0x41;
      try {
        assert.equal(
          applyDelta(program(20_000), altered, { length: whole.length, windowLog: delta.windowLog }).length,
          whole.length,
        );
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'RELEASE_DELTA_UNUSABLE');
      }
    }
  });

  it('starts from the largest file of the release before, whatever its cabinet is packed with', () => {
    assert.ok(old.equals(baseOf(cabinet(old, 'mszip')) ?? assert.fail()));
    assert.ok(old.equals(baseOf(old) ?? assert.fail()), 'what is no cabinet is its own');
    assert.equal(baseOf(Buffer.concat([Buffer.from('MSCF'), randomBytes(100)])), undefined);
  });
});

describe('the repository', () => {
  it('lists deltas from the last releases, and from nothing; older ones and those that save nothing are left out', () => {
    const repository = repositoryOf();
    for (const [version, change] of [
      ['7.9.0.1', 'a'],
      ['7.9.0.2', 'b'],
      ['7.9.0.3', 'c'],
    ] as const)
      add(repository, version, cabinet(program(60_000, change)));
    add(repository, '7.9.0.4', cabinet(program(60_000, 'd')), 2);
    add(repository, '7.9.0.5', cabinet(program(60_000, 'e')), 0);
    const { targets } = repository.state().published.targets.get('agent')?.signed ?? assert.fail();
    const deltasOf = (version: string) =>
      (readOurTarget(pathOf(version), targets[pathOf(version)] ?? assert.fail()) as ReleaseTarget).deltas;
    const digest = (change: string) => createHash('sha256').update(program(60_000, change)).digest('hex');
    assert.deepEqual(
      new Set(deltasOf('7.9.0.4').map(({ fromSha256 }) => fromSha256)),
      new Set([emptySha256, digest('b'), digest('c')]),
    );
    assert.deepEqual(
      deltasOf('7.9.0.1').map(({ fromSha256 }) => fromSha256),
      [emptySha256],
    );
    assert.deepEqual(deltasOf('7.9.0.5'), []);
    for (const { target } of deltasOf('7.9.0.4'))
      assert.equal(targets[target]?.custom?.moult && readOurTarget(target, targets[target]), undefined);
    // Listed again, it keeps what it has.
    add(repository, '7.9.0.4', cabinet(program(60_000, 'd')), 0);
    const again = repository.state().published.targets.get('agent')?.signed.targets ?? {};
    assert.deepEqual(again[pathOf('7.9.0.4')], targets[pathOf('7.9.0.4')]);
  });

  it('takes bases of every generation of the product that may run on the same platform', () => {
    const repository = repositoryOf();
    add(repository, '5.4.0.1', cabinet(program(60_000, 'sus')), 3, { generation: 'sus' });
    add(repository, '6.0.0.1', cabinet(program(60_000, 'host')), 3, { product: 'moult-host' });
    add(repository, '7.0.0.1', cabinet(program(60_000, 'mac')), 3, { platform: 'darwin-arm64' });
    add(repository, '7.9.0.2', cabinet(program(60_000, 'new')), 3, { platform: 'linux-x64' });
    const { targets } = repository.state().published.targets.get('agent')?.signed ?? assert.fail();
    const { deltas } = readOurTarget(pathOf('7.9.0.2'), targets[pathOf('7.9.0.2')] ?? assert.fail()) as ReleaseTarget;
    const digest = createHash('sha256').update(program(60_000, 'sus')).digest('hex');
    assert.deepEqual(deltas.map(({ fromSha256 }) => fromSha256).sort(), [digest, emptySha256].sort());
  });
});

describe('a machine', () => {
  function published(): Repository {
    const repository = repositoryOf();
    add(repository, '7.9.0.1', cabinet(old, 'mszip'));
    add(repository, '7.9.0.2', cabinet(fresh));
    return repository;
  }

  it('that runs the release before fetches the delta alone', async () => {
    const { load, content, leftovers } = await machine(published(), '7.9.0.2', old);
    const { how, bytes } = await load();
    assert.equal(how, 'delta');
    assert.ok(bytes < cabinet(fresh).length / 100, `${bytes} bytes`);
    assert.ok(content().equals(cabinet(fresh)));
    assert.deepEqual(leftovers(), []);
    assert.equal(asked.length, 1);
    assert.equal((await load()).how, 'cached');
  });

  it('that runs something else fetches the release compressed', async () => {
    const { load, content } = await machine(published(), '7.9.0.2', program(600_000, 'patched by somebody'));
    const { how, bytes } = await load();
    assert.ok(how === 'delta' && bytes < cabinet(fresh).length * 0.6);
    assert.ok(content().equals(cabinet(fresh)));
  });

  const failures: [string, (path: string, request: IncomingMessage, response: ServerResponse) => void][] = [
    ['is missing', (_, __, response) => response.writeHead(404).end()],
    ['is other bytes', (_, __, response) => response.end(randomBytes(300))],
    ['is endless', (_, __, response) => response.end(Buffer.alloc(5_000_000))],
    [
      'is cut off',
      (_, __, response) => response.writeHead(200, { 'Content-Length': 999 }).write('x', () => response.destroy()),
    ],
    ['is a page', (_, __, response) => response.end('<html>')],
  ];
  for (const [what, answer] of failures) {
    it(`whose delta ${what} fetches the whole`, async () => {
      const { load, content, notes, leftovers } = await machine(published(), '7.9.0.2', old);
      intercept = (path, request, response) => {
        if (!path.endsWith('.zst')) return false;
        answer(path, request, response);
        return true;
      };
      assert.equal((await load()).how, 'fetched');
      assert.ok(content().equals(cabinet(fresh)));
      assert.match(notes[0] ?? '', /is of no use, the whole release is fetched/);
      assert.deepEqual(leftovers(), []);
    });
  }

  it('whose signed delta makes something else, more, or nothing at all fetches the whole', async () => {
    const repository = published();
    for (const hostile of [
      zstdCompressSync(Buffer.alloc(2 ** 28)),
      makeDelta(old, cabinet(program(600_000, 'another line of as many bytes!!')))?.bytes ?? assert.fail(),
      Buffer.from('no zstd'),
    ]) {
      const { load, targets, release, content, file, notes } = await machine(repository, '7.9.0.2', old);
      rmSync(file, { force: true });
      const { target: path } = release.deltas.at(-1) ?? assert.fail();
      const sha256 = createHash('sha256').update(hostile).digest('hex');
      const named = targets.get(path) ?? assert.fail();
      targets.set(path, { ...named, file: { length: hostile.length, hashes: { sha256 } } });
      for (const other of release.deltas) if (other.target !== path) targets.delete(other.target);
      intercept = (asking, _, response) => asking.endsWith('.zst') && !!response.end(hostile);
      assert.equal((await load()).how, 'fetched');
      assert.ok(content().equals(cabinet(fresh)));
      assert.match(notes[0] ?? '', /signed|damaged|something else/);
    }
  });

  it('takes no delta that another role names', async () => {
    const { load, targets, release } = await machine(published(), '7.9.0.2', old);
    for (const { target } of release.deltas) {
      const found = targets.get(target);
      if (found) targets.set(target, { ...found, role: 'updates' });
    }
    assert.equal((await load()).how, 'fetched');
  });

  it('goes on with the whole when less of it is missing than the delta has', async () => {
    const { load, target, options, file, content } = await machine(published(), '7.9.0.2', old);
    const whole = cabinet(fresh);
    intercept = (path, _, response) => {
      if (!path.endsWith('.cab')) return false;
      response
        .writeHead(200, { 'Content-Length': whole.length })
        .write(whole.subarray(0, whole.length - 50), () => response.destroy());
      return true;
    };
    await assert.rejects(downloadTarget(target, file, options));
    intercept = undefined;
    asked.length = 0;
    assert.equal((await load()).how, 'fetched');
    assert.ok(content().equals(whole));
    assert.deepEqual(asked, [`0-7.9.0.2-any.cab bytes=${whole.length - 50}-`]);
  });
});

describe('a download of a release', () => {
  it('goes on where the connection broke, in the same call, as long as each try brings more', async () => {
    const repository = repositoryOf();
    const whole = cabinet(fresh);
    add(repository, '7.9.0.2', whole, 0);
    const { target, options, file, content } = await machine(repository, '7.9.0.2');
    let answers = 0;
    intercept = (_, request, response) => {
      answers += 1;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, {
        'Content-Length': whole.length - from,
        ...(from > 0 ? { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
      });
      if (whole.length - from <= 150_000) response.end(whole.subarray(from));
      else response.write(whole.subarray(from, from + 150_000), () => response.destroy());
      return true;
    };
    assert.equal(await downloadTarget(target, file, options), 'fetched');
    assert.ok(content().equals(whole));
    assert.equal(answers, Math.ceil(whole.length / 150_000));
  });

  it('is given up when each try brings a little and takes long: slow retrieval', async () => {
    const repository = repositoryOf();
    const whole = cabinet(fresh);
    add(repository, '7.9.0.2', whole, 0);
    const { target, options, file } = await machine(repository, '7.9.0.2');
    let time = 0;
    intercept = (_, request, response) => {
      time += 60_000;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const range = from > 0 ? { 'Content-Range': `bytes ${from}-${whole.length - 1}/${whole.length}` } : {};
      response.writeHead(from > 0 ? 206 : 200, { 'Content-Length': whole.length - from, ...range });
      response.write(whole.subarray(from, from + 15_000), () => response.destroy());
      return true;
    };
    await assert.rejects(downloadTarget(target, file, { ...options, clock: () => time }), {
      code: 'RELEASE_FETCH_FAILED',
    });
    assert.equal(asked.length, 1);
  });

  it('a part of another file is thrown away and the download starts over, once', async () => {
    const repository = repositoryOf();
    add(repository, '7.9.0.2', cabinet(fresh), 0);
    const { target, options, file, content } = await machine(repository, '7.9.0.2');
    await assert.rejects(downloadTarget(target, file, { ...options, targetUrls: ['http://127.0.0.1:1'] }));
    writeFileSync(`${file}.part`, randomBytes(1000));
    assert.equal(await downloadTarget(target, file, options), 'fetched');
    assert.ok(content().equals(cabinet(fresh)));
    assert.deepEqual(asked, ['0-7.9.0.2-any.cab bytes=1000-', '0-7.9.0.2-any.cab']);
  });

  it('a server that lies about the range, or about the length, is refused', async () => {
    const repository = repositoryOf();
    const whole = cabinet(fresh);
    add(repository, '7.9.0.2', whole, 0);
    const { target, options, file } = await machine(repository, '7.9.0.2');
    await assert.rejects(downloadTarget(target, file, { ...options, targetUrls: ['http://127.0.0.1:1'] }));
    for (const range of [
      'bytes 0-99/100',
      `bytes 1000-${whole.length - 1}/${whole.length + 1}`,
      'bytes 1000-1999/*',
      'bytes 1000-',
      '',
    ]) {
      writeFileSync(`${file}.part`, whole.subarray(0, 1000));
      intercept = (_, __, response) => {
        response.writeHead(206, { 'Content-Range': range }).end(whole.subarray(1000));
        return true;
      };
      await assert.rejects(downloadTarget(target, file, options), { code: 'RELEASE_FETCH_STATUS' });
      assert.ok(!existsSync(file));
      assert.equal(readFileSync(`${file}.part`).length, 1000, 'what was right stays');
    }
  });
});
