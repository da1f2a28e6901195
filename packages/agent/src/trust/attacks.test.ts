// The attacks of the TUF specification (1.5.2) on the list of covered updates, against a listening server that an attacker
// has: each under its name. Whatever he does, the agent goes on, and covers no more than the operator signed.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { UpdateTarget } from '@moult/releases/metadata';
import { coverUpdates, ensureRepository, Repository } from '@moult/releases/repository';
import { machineRoot } from '../machine/machine-root.ts';
import { readOperatorMetadata } from './operator-metadata.ts';
import { pinTrustRoot } from './trust-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-list-'));
const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true, force: true });
});
const start = new Date('2026-12-01T00:00:00Z');
const inDays = (days: number) => new Date(start.getTime() + days * 86_400_000);
const idOf = (number: number) => `01234567-89ab-cdef-0123-00000000000${number}`;
const pathOf = (number: number) => `updates/${idOf(number)}/1`;

/** A repository that covers these updates. */
function cover(directory: string, numbers: readonly number[], now = start): void {
  ensureRepository(directory, now);
  const wanted = numbers.map((number) => {
    const ours: UpdateTarget = {
      ...{ kind: 'update', updateId: idOf(number), revision: 1, files: [], arguments: '', returnCodes: [] },
      approvals: [{ group: 'All Computers', action: 'install' }],
    };
    return [pathOf(number), { bytes: Buffer.from(`rules ${number}`), ours }] as const;
  });
  coverUpdates(directory, new Map(wanted), now);
}

type Attack = (name: string, response: ServerResponse) => boolean;
let serial = 0;

/** An agent that has pinned the root, and a server that answers with the published files, or as `attack` does. */
async function bench(numbers: readonly number[] = [1]) {
  const directory = join(folder, `repository-${++serial}`);
  cover(directory, numbers);
  const metadata = join(directory, 'public', 'metadata');
  const state = { attack: undefined as Attack | undefined, now: start, sent: 0 };
  const server = createServer((request, response) => {
    const name = request.url?.replace('/tuf/metadata/', '') ?? '';
    if (state.attack?.(name, response)) return;
    const file = join(metadata, name);
    response.writeHead(existsSync(file) ? 200 : 404);
    response.end(existsSync(file) ? readFileSync(file) : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const root = machineRoot(join(folder, `machine-${serial}`));
  pinTrustRoot(root, readFileSync(join(metadata, '1.root.json')));
  const limits = { silenceMs: 30_000, totalMs: 30_000, maxBytes: 1_000_000 };
  const read = async (totalMs = limits.totalMs) => {
    const source = {
      server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      userAgent: 'test',
      operatorCaPem: '',
    };
    const found = await readOperatorMetadata(root, { ...source, limits: { ...limits, totalMs }, now: () => state.now });
    return { ...found, paths: [...found.updates.keys()].sort() };
  };
  const snapshotOf = () => new Map(readdirSync(metadata).map((name) => [name, readFileSync(join(metadata, name))]));
  return { directory, state, read, snapshotOf };
}

/** Answers with these files in place of those that are published. */
function serving(files: ReadonlyMap<string, Uint8Array>): Attack {
  return (name, response) => {
    const bytes = files.get(name);
    if (bytes) response.end(bytes);
    return bytes !== undefined;
  };
}

describe('the list of covered updates', () => {
  it('arbitrary installation: a list that other keys signed is refused', async () => {
    const { state, read } = await bench();
    await read();
    const other = await bench([1, 2]);
    state.attack = serving(other.snapshotOf());
    const { paths, alarms, state: standing } = await read();
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
    assert.ok(alarms.length > 0);
  });

  it('endless data: no more is read than the limit of the role', async () => {
    const { state, read } = await bench();
    await read();
    let sent = 0;
    state.attack = (name, response) => {
      if (name !== 'timestamp.json') return false;
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) sent += 65_536;
        if (!response.destroyed) response.once('drain', more);
      };
      more();
      return true;
    };
    assert.deepEqual((await read()).paths, [pathOf(1)]);
    assert.ok(sent < 64 * 1024 * 1024, `${sent} bytes left the server`);
  });

  it('extraneous dependencies: what the signer of releases signs covers no update', async () => {
    const { directory, read } = await bench();
    const repository = new Repository(directory);
    const release = { kind: 'release', product: 'moult-agent', generation: 'wsus', platform: 'any' } as const;
    repository.add(
      'agent',
      pathOf(2),
      Buffer.from('x'),
      { ...release, epoch: 0, version: '9.0.0.0', floors: [], deltas: [] },
      start,
    );
    repository.signWithOwnKeys();
    repository.publish(start);
    assert.deepEqual((await read()).paths, [pathOf(1)]);
  });

  it('fast forward: versions that a thief signed are forgotten when the online keys are rotated', async () => {
    const { directory, read } = await bench();
    const thief = new Repository(directory);
    thief.renew('updates', start, 1000);
    thief.signWithOwnKeys();
    thief.publish(start, { skip: 1_000_000 });
    await read();
    const repository = new Repository(directory);
    repository.renewOnlineKeys(start);
    repository.signWithOwnKeys();
    repository.publish(start);
    cover(directory, [1, 2]);
    const { paths, state } = await read();
    assert.deepEqual([paths, state], [[pathOf(1), pathOf(2)], 'current']);
  });

  it('indefinite freeze: the agent goes on, and says for how long', async () => {
    const { state, read } = await bench();
    await read();
    state.now = inDays(400);
    const { paths, alarms, state: standing } = await read();
    assert.deepEqual([paths, standing], [[pathOf(1)], 'expired']);
    assert.match(alarms.join(), /timestamp metadata expired at/);
  });

  it('mix and match: the list of before beside the snapshot of now is refused', async () => {
    const { directory, state, read, snapshotOf } = await bench([1, 2]);
    await read();
    const before = snapshotOf();
    cover(directory, [1]);
    state.attack = serving(new Map([['3.updates.json', before.get('2.updates.json') ?? Buffer.of()]]));
    const { paths, alarms } = await read();
    assert.deepEqual(paths, []);
    assert.match(alarms.join(), /updates/);
    state.attack = undefined;
    assert.deepEqual((await read()).paths, [pathOf(1)]);
  });

  it('rollback: the metadata of before is refused', async () => {
    const { directory, state, read, snapshotOf } = await bench([1, 2]);
    await read();
    const before = snapshotOf();
    cover(directory, [1]);
    assert.deepEqual((await read()).paths, [pathOf(1)]);
    state.attack = serving(before);
    const { paths, alarms } = await read();
    assert.deepEqual(paths, [pathOf(1)]);
    assert.ok(alarms.length > 0);
  });

  it('slow retrieval: given up after the time that a transfer may take', async () => {
    const { state, read } = await bench();
    await read();
    state.attack = (name, response) => {
      if (name !== 'timestamp.json') return false;
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      return true;
    };
    const { paths, state: standing } = await read(300);
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
  });

  it('vulnerability to key compromises: the online keys alone cover nothing', async () => {
    const { directory, state, read, snapshotOf } = await bench();
    await read();
    const repository = new Repository(directory);
    const online = repository.folder.keys().filter(({ owner }) => /snapshot|timestamp/.test(owner));
    repository.renew('updates', start);
    for (const key of online) assert.throws(() => repository.signWith(key), { code: 'RELEASE_SIGNER_WRONG' });
    const staged = readFileSync(repository.folder.stagedFile('updates'));
    state.attack = serving(new Map([...snapshotOf(), ['2.updates.json', staged]]));
    assert.deepEqual((await read()).paths, [pathOf(1)]);
  });

  it('a server without the list: the last good one goes on, and none is none', async () => {
    const { state, read } = await bench();
    state.attack = (_, response) => {
      response.writeHead(404);
      response.end();
      return true;
    };
    assert.deepEqual((await read()).state, 'none');
    state.attack = undefined;
    await read();
    state.attack = (_, response) => {
      response.end('<html>Sign in</html>');
      return true;
    };
    const { paths, state: standing } = await read();
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
  });
});
