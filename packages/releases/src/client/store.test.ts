// The client's folder, whatever ends the program or fills the disk: at every call on a file, a new client starts from
// what is left, refreshes, and has not gone back behind what was trusted.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { RepositorySimulator } from '../../test/repository-simulator.ts';
import { simulatedFetch } from '../../test/simulated-fetch.ts';
import { type FileCalls, nodeFileCalls, openStore, UpdateClient } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let serial = 0;
const newFolder = () => join(folder, `${++serial}`);

const firstRoot = (repository: RepositorySimulator) => repository.published.get('1.root.json') ?? Buffer.of();

function open(directory: string, repository: RepositorySimulator, calls?: FileCalls): UpdateClient {
  return new UpdateClient({
    store: openStore(directory, firstRoot(repository), calls),
    fetch: simulatedFetch(repository),
    metadataUrls: ['http://r/metadata/'],
    now: () => repository.now,
    mode: 'strict',
  });
}

/** Calls that end the program at the call of that number: a write leaves half of its bytes. */
function callsUntil(fatal: number): { calls: FileCalls; made: () => number } {
  let made = 0;
  const dies = () => ++made >= fatal;
  const dead = () => {
    throw new Error('killed');
  };
  const calls: FileCalls = {
    ...nodeFileCalls,
    open: (file, flags) => (dies() ? dead() : nodeFileCalls.open(file, flags)),
    write: (handle, bytes, offset) => {
      if (!dies()) return nodeFileCalls.write(handle, bytes, offset);
      if (made === fatal) nodeFileCalls.write(handle, bytes.subarray(0, bytes.length / 2), 0);
      return dead();
    },
    sync: (handle) => (dies() ? dead() : nodeFileCalls.sync(handle)),
    rename: (from, to) => (dies() ? dead() : nodeFileCalls.rename(from, to)),
    remove: (file) => (dies() ? dead() : nodeFileCalls.remove(file)),
  };
  return { calls, made: () => made };
}

describe('the metadata store', () => {
  it('survives an end at every call on a file of a refresh that brings a new root, keys and targets', async () => {
    let whole = 0;
    for (let fatal = 1; whole === 0; fatal += 1) {
      const repository = new RepositorySimulator();
      const directory = newFolder();
      await open(directory, repository).refresh();
      repository.rotate('timestamp');
      repository.publishRoot();
      repository.publishAll('targets');
      const { calls, made } = callsUntil(fatal);
      const ended = await open(directory, repository, calls)
        .refresh()
        .then(
          () => true,
          () => false,
        );
      if (ended) whole = made();
      const client = open(directory, repository);
      await client.refresh();
      assert.deepEqual(client.versions, { root: 2, timestamp: 2, snapshot: 2, targets: 2 }, `end at call ${fatal}`);
    }
    assert.ok(whole > 25, `${whole} calls`);
  });

  for (const damage of ['', 'half', '{"signed":', '\u0000'.repeat(500)]) {
    it(`${JSON.stringify(damage.slice(0, 10))} in any one of its files changes nothing, and an old timestamp is still refused`, async () => {
      const repository = new RepositorySimulator();
      repository.publishRoot();
      repository.updateTimestamp();
      const old = repository.published.get('timestamp.json') ?? Buffer.of();
      repository.publishAll('targets');
      const newest = repository.published.get('timestamp.json') ?? Buffer.of();
      const files = ['root.json', 'timestamp.json', 'snapshot.json', 'targets.json', join('kept', 'good-set')];
      for (const file of files) {
        const directory = newFolder();
        await open(directory, repository).refresh();
        const path = join(directory, file);
        const bytes = readFileSync(path);
        writeFileSync(path, damage === 'half' ? bytes.subarray(0, bytes.length / 2) : damage);
        repository.published.set('timestamp.json', old);
        await assert.rejects(open(directory, repository).refresh(), { code: 'RELEASE_METADATA_ROLLBACK' }, file);
        repository.published.set('timestamp.json', newest);
        await open(directory, repository).refresh();
        assert.deepEqual(readFileSync(path), bytes, `${file} is as it was`);
      }
    });
  }

  it('with every file in rubbish starts again from the root that came with the program', async () => {
    const repository = new RepositorySimulator();
    const directory = newFolder();
    repository.publishRoot();
    await open(directory, repository).refresh();
    for (const file of ['root.json', 'timestamp.json', 'snapshot.json', 'targets.json', join('kept', 'good-set')]) {
      writeFileSync(join(directory, file), 'rubbish');
    }
    const client = open(directory, repository);
    await client.refresh();
    assert.equal(client.versions.root, 2);
  });

  it('without a root anywhere says so', () => {
    const make = () =>
      new UpdateClient({
        store: openStore(newFolder(), undefined),
        fetch: () => assert.fail(),
        metadataUrls: [],
        now: () => new Date(),
        mode: 'strict',
      });
    assert.throws(make, { code: 'RELEASE_STORE_UNUSABLE' });
  });

  it('goes on with the other copy of what the disk cannot read, and without one decides nothing', async () => {
    const repository = new RepositorySimulator();
    const directory = newFolder();
    await open(directory, repository).refresh();
    const [timestamp, goodSet] = [join(directory, 'timestamp.json'), join(directory, 'kept', 'good-set')];
    const failing = (...files: string[]): FileCalls => ({
      ...nodeFileCalls,
      read: (file) => {
        if (!files.includes(file)) return nodeFileCalls.read(file);
        throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', errno: -5 });
      },
    });
    await open(directory, repository, failing(timestamp)).refresh();
    await open(directory, repository, failing(goodSet)).refresh();
    // Whoever answers with an old timestamp now must not find a client that forgot the newer one.
    await assert.rejects(async () => open(directory, repository, failing(timestamp, goodSet)).refresh(), {
      code: 'RELEASE_STORE_UNUSABLE',
      message: /timestamp\.json cannot be read/,
    });
    const client = open(directory, repository);
    await client.refresh();
    assert.equal(client.versions.timestamp, 1);
  });

  it('on a full disk keeps what it had, and says what to check', async () => {
    const repository = new RepositorySimulator();
    const directory = newFolder();
    await open(directory, repository).refresh();
    repository.publishAll('targets');
    const full: FileCalls = {
      ...nodeFileCalls,
      write: () => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      },
    };
    await assert.rejects(open(directory, repository, full).refresh(), { code: 'RELEASE_STORE_UNUSABLE' });
    const client = open(directory, repository);
    await client.refresh();
    assert.equal(client.versions.targets, 2);
  });

  it('on a disk that takes no writes lists what it knows, role by role, in any order', async () => {
    const repository = new RepositorySimulator();
    const directory = newFolder();
    for (const name of ['agent', 'updates']) {
      repository.delegate('targets', name, { paths: [`${name}/*`] });
      repository.publishAll(name);
    }
    repository.publishAll('targets');
    const list = async (roles: readonly string[], calls?: FileCalls) => {
      const client = open(directory, repository, calls);
      for (const role of roles) await client.list(role);
    };
    await list(['agent']);
    await list(['updates']);
    const readOnly: FileCalls = {
      ...nodeFileCalls,
      open: (file, flags) => {
        if (flags === 'r') return nodeFileCalls.open(file, flags);
        throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
      },
    };
    for (const roles of [['agent'], ['updates'], ['updates', 'agent']]) await list(roles, readOnly);
  });

  it('leaves at most one draft per file behind, and names from outside stay in its folder', async () => {
    const repository = new RepositorySimulator();
    const directory = newFolder();
    for (const name of ['../../above', 'Root', 'x'.repeat(400), 'CON*?']) {
      repository.delegate('targets', name, { paths: ['file'] });
      repository.publishAll(name);
    }
    repository.publishAll('targets');
    const client = open(directory, repository);
    assert.equal(await client.find('file'), undefined);
    assert.equal(open(directory, repository).versions.root, 1);
    assert.equal(readdirSync(folder).filter((name) => name.includes('above')).length, 0);
    assert.equal(readdirSync(directory).filter((name) => name.endsWith('.json')).length, 7);
  });
});
