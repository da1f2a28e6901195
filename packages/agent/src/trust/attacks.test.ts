// The attacks of the TUF specification (1.5.2) on the list of covered updates, against a listening server that an attacker
// has: each under its name. Whatever he does, the agent goes on, and covers no more than the operator signed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { UpdateTarget } from '@moult/releases/metadata';
import { coverUpdates, ensureRepository, Repository } from '@moult/releases/repository';
import { machineRoot } from '../machine/machine-root.ts';
import { createCover } from './cover.ts';
import { readOperatorMetadata } from './operator-metadata.ts';
import { answering, dripping, endless, openAttackedServer, serving } from './test/attacked-server.ts';
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

let serial = 0;

/** An agent that has pinned the root, and a server that answers with the published files, or as `attack` does. */
async function bench(numbers: readonly number[] = [1]) {
  const directory = join(folder, `repository-${++serial}`);
  cover(directory, numbers);
  const metadata = join(directory, 'public', 'metadata');
  const server = await openAttackedServer(directory);
  stops.push(server.close);
  const state = { now: start, mirrors: [] as string[] };
  const root = machineRoot(join(folder, `machine-${serial}`));
  pinTrustRoot(root, readFileSync(join(metadata, '1.root.json')));
  const limits = { silenceMs: 30_000, totalMs: 30_000, maxBytes: 1_000_000 };
  const read = async (totalMs = limits.totalMs) => {
    const source = {
      ...{ server: server.url, mirrors: state.mirrors, userAgent: 'test' },
      operatorCaPem: '',
    };
    const found = await readOperatorMetadata(root, { ...source, limits: { ...limits, totalMs }, now: () => state.now });
    return { ...found, paths: [...found.updates.keys()].sort() };
  };
  return { directory, server, state, read };
}

describe('the list of covered updates', () => {
  it('arbitrary installation: a list that other keys signed is refused', async () => {
    const { server, read } = await bench();
    await read();
    const other = await bench([1, 2]);
    server.attack = serving(other.server.snapshot());
    const { paths, alarms, state: standing } = await read();
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
    assert.ok(alarms.length > 0);
  });

  it('endless data: no more is read than the limit of the role', async () => {
    const { server, read } = await bench();
    await read();
    const sent = { bytes: 0 };
    server.attack = endless(/timestamp/, sent);
    assert.deepEqual((await read()).paths, [pathOf(1)]);
    assert.ok(sent.bytes < 64 * 1024 * 1024, `${sent.bytes} bytes left the server`);
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

  it('malicious mirrors: the next one is asked', async () => {
    const { directory, server, state, read } = await bench();
    const mirror = await openAttackedServer(directory);
    stops.push(mirror.close);
    state.mirrors = [mirror.url];
    const cut = new Map([...server.snapshot()].map(([name, bytes]) => [name, bytes.subarray(1)]));
    for (const attack of [answering(200, '<html>Sign in</html>'), answering(500), serving(cut)]) {
      server.attack = attack;
      const { paths, state: standing } = await read();
      assert.deepEqual([paths, standing], [[pathOf(1)], 'current']);
    }
  });

  it('wrong software installation: what is signed of one update covers no other', async () => {
    const { directory, read } = await bench();
    const { updates } = await read();
    const file = updates.get(pathOf(1));
    assert.ok(file);
    const repository = new Repository(directory);
    const ours = file.custom?.moult as UpdateTarget;
    repository.add('updates', pathOf(2), Buffer.from('rules 1'), ours, start);
    repository.signWithOwnKeys();
    repository.publish(start);
    const { updates: now } = await read();
    const metadata = { state: 'current' as const, alarms: [], updates: now };
    const cover = createCover({ metadata, targetGroup: undefined, allowUncovered: false });
    const revision = { core: { identity: { updateId: idOf(2), revisionNumber: 1 } }, xml: 'rules 1' } as never;
    assert.match(cover.problemOf(revision)?.message ?? '', /about something else/);
  });

  it('mix and match: the list of before beside the snapshot of now is refused', async () => {
    const { directory, server, read } = await bench([1, 2]);
    await read();
    const before = server.snapshot();
    cover(directory, [1]);
    server.attack = serving(
      new Map([['metadata/3.updates.json', before.get('metadata/2.updates.json') ?? Buffer.of()]]),
    );
    const { paths, alarms } = await read();
    assert.deepEqual(paths, []);
    assert.match(alarms.join(), /updates/);
    server.attack = undefined;
    assert.deepEqual((await read()).paths, [pathOf(1)]);
  });

  it('rollback: the metadata of before is refused', async () => {
    const { directory, server, read } = await bench([1, 2]);
    await read();
    const before = server.snapshot();
    cover(directory, [1]);
    assert.deepEqual((await read()).paths, [pathOf(1)]);
    server.attack = serving(before);
    const { paths, alarms } = await read();
    assert.deepEqual(paths, [pathOf(1)]);
    assert.ok(alarms.length > 0);
  });

  it('slow retrieval: given up after the time that a transfer may take', async () => {
    const { server, read } = await bench();
    await read();
    server.attack = dripping(/timestamp/);
    const { paths, state: standing } = await read(300);
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
  });

  it('vulnerability to key compromises: the online keys alone cover nothing', async () => {
    const { directory, server, read } = await bench();
    await read();
    const repository = new Repository(directory);
    const online = repository.folder.keys().filter(({ owner }) => /snapshot|timestamp/.test(owner));
    repository.renew('updates', start);
    for (const key of online) assert.throws(() => repository.signWith(key), { code: 'RELEASE_SIGNER_WRONG' });
    const staged = readFileSync(repository.folder.stagedFile('updates'));
    server.attack = serving(new Map([...server.snapshot(), ['metadata/2.updates.json', staged]]));
    assert.deepEqual((await read()).paths, [pathOf(1)]);
  });

  it('a server without the list: the last good one goes on, and none is none', async () => {
    const { server, read } = await bench();
    server.attack = answering(404);
    assert.deepEqual((await read()).state, 'none');
    server.attack = undefined;
    await read();
    server.attack = answering(200, '<html>Sign in</html>');
    const { paths, state: standing } = await read();
    assert.deepEqual([paths, standing], [[pathOf(1)], 'last-good']);
  });
});
