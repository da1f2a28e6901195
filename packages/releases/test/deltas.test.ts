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
import { zstdCompressSync } from 'node:zlib';
import {
  createHttpFetch,
  downloadRelease,
  downloadTarget,
  type FoundTarget,
  memoryStore,
  UpdateClient,
} from '../src/client/index.ts';
import { emptySha256, makeDelta } from '../src/delta/index.ts';
import { type ReleaseTarget, readOurTarget } from '../src/metadata/index.ts';
import { createDefault, Repository } from '../src/repository/index.ts';
import { cabinet, fresh, old, program } from './programs.ts';

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
