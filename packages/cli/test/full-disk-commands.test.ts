// Commands on a full disk: they say so, end with exit code 1, leave nothing half-written, and work when there is room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '@moult/store';
import { moult, startServe } from '../../server/test/serve-process.ts';
import { mountSmallDisk, type SmallDisk } from '../../server/test/small-disk.ts';

const documents = fileURLToPath(new URL('../../server/first-catalog', import.meta.url));

interface Outcome {
  code: number;
  error: string;
}

function run(...parts: string[]): Promise<Outcome> {
  return new Promise((resolve) =>
    execFile(process.execPath, [moult, ...parts], (error, _, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, error: stderr }),
    ),
  );
}

function namesBelow(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort() : [];
}

describe('on a full disk', { concurrency: false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-full-commands-'));
  let disk: SmallDisk | undefined;
  let dataDir: string;
  before(async () => {
    disk = mountSmallDisk(join(folder, 'disk'), 24);
    dataDir = join(folder, 'disk', 'data');
    if (!disk) return;
    const flags = ['--first-catalog', 'samples', '--disk-reserve-mib', '0'];
    await (await startServe(['--data-dir', dataDir, ...flags])).stop();
  });
  after(() => {
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the command with so much room, then with plenty; `left` is what must be the same after a failure. */
  async function failsThenWorks(freeBytes: number, left: () => unknown, ...parts: string[]): Promise<void> {
    if (!disk) return;
    const before = left();
    disk.fill(freeBytes);
    const full = await run(...parts, '--data-dir', dataDir);
    assert.equal(full.code, 1, full.error);
    assert.match(full.error, /SERVER_DISK_FULL: .*the disk is full/);
    assert.deepEqual(left(), before, 'nothing is left half-written');
    disk.free();
    const roomy = await run(...parts, '--data-dir', dataDir);
    assert.equal(roomy.code, 0, roomy.error);
  }

  it('a backup is there as a whole or not at all', async () => {
    const target = join(folder, 'disk', 'backup');
    await failsThenWorks(
      100_000,
      () => readdirSync(join(folder, 'disk')).filter((name) => /backup/.test(name)),
      'backup',
      target,
    );
    assert.ok(existsSync(join(target, 'manifest.json')) || !disk);
  });

  it('a tree is imported as a whole or not at all', async () => {
    const source = join(folder, 'tree');
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(join(source, 'selfupdate', 'AU', name), { recursive: true });
      writeFileSync(join(source, 'selfupdate', 'AU', name, 'file.txt'), 'x'.repeat(600_000));
    }
    const imported = () =>
      namesBelow(join(dataDir, 'self-update', 'imported')).filter((name) => !/^index\.json$/.test(name));
    await failsThenWorks(1_000_000, imported, 'tree', 'import', source);
  });

  it('an update file is taken in as a whole or not at all', async () => {
    if (!disk) return;
    const content = join(dataDir, 'content');
    const name = namesBelow(content).find((each) => each.endsWith('.cab')) ?? '';
    const copy = join(folder, basename(name));
    copyFileSync(join(content, name), copy);
    rmSync(join(content, name));
    disk.fill(120_000);
    // Room for the database, and none for the file.
    const large = Buffer.concat([readFileSync(copy), Buffer.alloc(1_000_000)]);
    writeFileSync(join(folder, 'large.cab'), large);
    const full = await run('content', 'add', join(folder, 'large.cab'), '--data-dir', dataDir);
    assert.equal(full.code, 1);
    assert.match(full.error, /SERVER_DISK_FULL: .*large\.cab cannot be taken into/);
    assert.deepEqual(
      namesBelow(content).filter((each) => /\.(cab|part)$/.test(each)),
      [],
    );
    disk.free();
    assert.equal((await run('content', 'add', copy, '--data-dir', dataDir)).code, 0);
  });

  it('a catalog import leaves whole batches, and goes on where it stopped', async () => {
    if (!disk) return;
    const database = join(folder, 'disk', 'other.sqlite');
    const count = async () => {
      await using store = await openStore(database, { now: () => new Date() });
      const revisions = await store.countRevisions();
      return revisions;
    };
    assert.equal(await count(), 0);
    // Room for SQLite's shared memory, and for no batch.
    disk.fill(60_000);
    const full = await run('catalog', 'import', documents, '--database', database);
    assert.equal(full.code, 1, full.error);
    assert.match(full.error, /SERVER_DISK_FULL: .*the disk is full/);
    disk.free();
    assert.equal(await count(), 0);
    assert.equal((await run('catalog', 'import', documents, '--database', database)).code, 0);
    assert.ok((await count()) > 0);
  });

  it('a server that has nothing yet says that it cannot start, and leaves no half of a key', async () => {
    if (!disk) return;
    disk.fill();
    const fresh = join(folder, 'disk', 'fresh');
    const outcome = await run('serve', '--data-dir', fresh, '--port', '0', '--self-update-port', 'off');
    disk.free();
    assert.equal(outcome.code, 1, outcome.error);
    assert.match(outcome.error, /SERVER_DISK_FULL: .*the disk is full/);
    assert.deepEqual(
      namesBelow(join(fresh, 'keys')).filter((name) => /\.(pem|key)/.test(name)),
      [],
    );
  });
});
