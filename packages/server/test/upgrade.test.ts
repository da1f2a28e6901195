// An upgrade of a server: data directories that earlier code left (fixtures/data-dirs) are opened by the code of today, which makes
// a copy of the database before it changes the tables. One of newer code is refused, and stays as it is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { zstdDecompressSync } from 'node:zlib';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { openStore } from '../../store/src/index.ts';
import { migrations } from '../../store/src/migrations/index.ts';
import { openSession } from './agent-session.ts';
import { mountSmallDisk } from './small-disk.ts';
import { startTestServer } from './test-server.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/data-dirs/', import.meta.url));
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
const config = { newAgentReleases: 'by-command' } as const;

describe('an upgrade', () => {
  let folder = '';
  let count = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'moult-upgraded-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  function unpack(archive: string, into = join(folder, `data-${++count}`)): string {
    mkdirSync(into, { recursive: true, mode: 0o700 });
    const tar = join(folder, `${++count}.tar`);
    writeFileSync(tar, zstdDecompressSync(readFileSync(join(fixtures, archive))));
    execFileSync('tar', ['-xf', tar, '-C', into, '--no-same-owner']);
    return into;
  }

  const appliedIn = (file: string) => {
    using database = new DatabaseSync(file, { readOnly: true });
    return database
      .prepare('select name from migrations order by name')
      .all()
      .map(({ name }) => String(name));
  };
  const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

  for (const archive of globSync('*.tar.zst', { cwd: fixtures }).sort()) {
    it(`${archive}: a data directory of earlier code goes on with its keys, groups, computers and approvals, and a copy is there`, async () => {
      const dataDir = unpack(archive);
      const database = join(dataDir, 'moult.sqlite');
      const before = appliedIn(database);
      const ca = digestOf(join(dataDir, 'keys/operator-ca.cer.pem'));
      {
        await using server = await startTestServer({ dataDir, config });
        // The client of before goes on.
        await (await openSession(server.url)).syncToTheEnd();
        await server.stop();
      }
      assert.deepEqual(
        appliedIn(database),
        migrations.map(({ name }) => name),
      );
      assert.equal(digestOf(join(dataDir, 'keys/operator-ca.cer.pem')), ca);
      {
        await using store = await openStore(database, { now: () => new Date() });
        assert.ok((await store.loadGroups()).some(({ name }) => name === 'Pilot'));
        assert.ok(await store.findListedComputer(computerId));
        assert.ok((await store.loadDeployments()).some(({ action }) => action === 'Block'));
      }
      const [copy, ...more] = readdirSync(join(dataDir, 'before-upgrade'));
      assert.deepEqual([copy, more], [`moult-before-${migrations[before.length]?.name}.sqlite`, []]);
      const kept = join(dataDir, 'before-upgrade', copy ?? '');
      assert.deepEqual(appliedIn(kept), before);
      assert.equal(statSync(kept).mode & 0o77, 0);
      {
        using copied = new DatabaseSync(kept, { readOnly: true });
        assert.equal(copied.prepare('pragma integrity_check').get()?.integrity_check, 'ok');
        assert.equal(copied.prepare("select count(*) as n from target_groups where name = 'Pilot'").get()?.n, 1);
      }
      // The next start changes no table, and copies nothing.
      const copiedAt = statSync(kept).mtimeMs;
      {
        await using server = await startTestServer({ dataDir, config });
        await server.stop();
      }
      assert.equal(statSync(kept).mtimeMs, copiedAt);
      // The copy in the place of the database is upgraded again.
      for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
      cpSync(kept, database);
      await using server = await startTestServer({ dataDir, config });
      await (await openSession(server.url)).syncToTheEnd();
      assert.deepEqual(
        appliedIn(database),
        migrations.map(({ name }) => name),
      );
    });
  }

  it('refuses a database of newer code, and changes nothing in it', async () => {
    const dataDir = unpack('0.1-with-0028.tar.zst');
    const file = join(dataDir, 'moult.sqlite');
    {
      using database = new DatabaseSync(file);
      database.exec("insert into migrations values ('9999-contract-9999-of-the-future', 1)");
      database.exec('pragma wal_checkpoint(truncate)');
    }
    const before = appliedIn(file);
    await assert.rejects(startTestServer({ dataDir, config }), { code: 'SERVER_DATABASE_TOO_NEW' });
    assert.deepEqual(appliedIn(file), before);
    assert.ok(!readdirSync(dataDir).includes('before-upgrade'));
  });

  it('without room for the copy changes nothing, and goes on by itself when there is room', async () => {
    using disk = mountSmallDisk(join(folder, 'disk'), 6);
    if (!disk) return;
    const dataDir = unpack('0.1-with-0028.tar.zst', join(disk.path, 'data'));
    const file = join(dataDir, 'moult.sqlite');
    const before = appliedIn(file);
    disk.fill(400_000);
    await using server = await startTestServer({
      dataDir,
      config: { ...config, diskReserveMib: 0, upgradeCopy: 'on' },
    });
    assert.deepEqual(appliedIn(file), before);
    assert.deepEqual(readdirSync(join(dataDir, 'before-upgrade')), []);
    assert.ok(server.logged.some(({ msg, reason, err }) => /copies it first/.test(JSON.stringify([msg, reason, err]))));
    disk.free();
    await waitUntil('the tables are changed', () => appliedIn(file).length === migrations.length);
  });
});
