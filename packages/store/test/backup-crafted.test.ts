// A backup whose manifest fits its files, and whose tables hold what no Moult writes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { backUp } from '../src/backup/backup.ts';
import { settleRestore } from '../src/backup/pending-restore.ts';
import { restore } from '../src/backup/restore.ts';
import { openStore } from '../src/index.ts';
import { loadOrCreateCookieKey, loadOrCreateOperatorKeys } from '../src/keys/index.ts';

const now = new Date('2026-12-01T12:00:00Z');
const author = { name: 'tester', at: now };
let folder: string;
const place = () => ({ dataDir: join(folder, 'server'), database: join(folder, 'server', 'moult.sqlite') });
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-crafted-'));
  mkdirSync(place().dataDir);
  await loadOrCreateOperatorKeys(place().dataDir, { now });
  await loadOrCreateCookieKey(place().dataDir);
  await using store = await openStore(place().database, { now: () => now });
  await store.createGroup('Kept', undefined, author);
  await store.close();
  await backUp({ ...place(), target: join(folder, 'good'), version: '0', now });
});
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Manifest {
  files: Record<string, string>;
  rows: Record<string, number>;
  migrations: string[];
}

/** Restores the good backup, changed; it must be refused for `message`, and the server must have what it had. */
async function isRefused(change: (manifest: Manifest, backup: string) => void, message: RegExp): Promise<void> {
  const backup = join(folder, 'crafted');
  rmSync(backup, { recursive: true, force: true });
  cpSync(join(folder, 'good'), backup, { recursive: true });
  const file = join(backup, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  change(manifest, backup);
  writeFileSync(file, JSON.stringify(manifest));
  const restored = restore({ ...place(), source: backup, author });
  await assert.rejects(restored, { code: 'SERVER_BAD_BACKUP', message });
  assert.equal(existsSync(join(place().dataDir, 'restoring')), false);
  await using store = await openStore(place().database, { now: () => now });
  const groups = (await store.loadGroups()).map(({ name }) => name);
  await store.close();
  assert.ok(groups.includes('Kept'));
}

/** A table that holds this, with a digest that fits. */
function table(name: string, content: string | Buffer, rows = 1) {
  return (manifest: Manifest, backup: string): void => {
    const packed = typeof content === 'string' ? zstdCompressSync(content) : content;
    writeFileSync(join(backup, `${name}.jsonl.zst`), packed);
    manifest.files[`${name}.jsonl.zst`] = createHash('sha256').update(packed).digest('hex');
    manifest.rows[name] = rows;
  };
}

describe('the files of a restore that was cut off', () => {
  const journal = JSON.stringify({ token: 'a', removedKeys: [], folders: [], stamp: '20261201T120000Z' });
  const cutOff = () => {
    const { dataDir } = place();
    mkdirSync(join(dataDir, 'restoring', 'keys'), { recursive: true });
    writeFileSync(join(dataDir, 'restoring', 'journal.json'), journal);
    writeFileSync(join(dataDir, 'restoring', 'keys', 'cookie.key'), 'the only copy');
    return join(dataDir, 'restoring');
  };

  it('survive another restore while the database, which knows whether they belong to it, is away', async () => {
    const waiting = cutOff();
    const away = 'postgres://nobody@127.0.0.1:1/none';
    const again = restore({ ...place(), database: away, source: join(folder, 'good'), author });
    await assert.rejects(again, { code: 'SERVER_DATABASE_AWAY', message: /a restore that was cut off waits/ });
    assert.equal(readFileSync(join(waiting, 'keys', 'cookie.key'), 'utf8'), 'the only copy');
  });

  it('survive a start without the file of the database: a disk may not be mounted', async () => {
    const waiting = cutOff();
    const { dataDir } = place();
    const settled = await settleRestore(dataDir, join(folder, 'not-mounted', 'moult.sqlite'), now);
    assert.equal(settled?.kind, 'lost');
    assert.ok(existsSync(join(waiting, 'keys', 'cookie.key')));
    assert.equal((await settleRestore(dataDir, place().database, now))?.kind, 'removed');
    assert.equal(existsSync(waiting), false);
  });
});

describe('a restore refuses, and changes nothing,', () => {
  it('tables that the manifest does not count: they would be left out without a word', () =>
    isRefused((manifest) => Object.assign(manifest, { rows: {} }), /does not say how many rows configuration/));

  it('more rows than the manifest counts, and lines without a row', async () => {
    await isRefused(table('configuration', '{"name":"a","value":"b"}\n'.repeat(2)), /more than 1 row/);
    for (const line of ['{oops', 'null', '5', '[1]', '{}', '']) {
      await isRefused(table('audit', `${line}\n`), /line 1 of audit\.jsonl\.zst is not a row/);
    }
  });

  it('what is not packed, or not to its end', async () => {
    await isRefused(table('audit', Buffer.from('junk')), /audit\.jsonl\.zst cannot be unpacked/);
    const cut = zstdCompressSync('{"a":1}\n'.repeat(10_000)).subarray(0, 20);
    await isRefused(table('audit', cut), /audit\.jsonl\.zst cannot be unpacked/);
  });

  it('rows that the database refuses', async () => {
    await isRefused(table('audit', '{"x\\"y":1}\n'), /refuses a row of audit/);
    await isRefused(table('configuration', '{"name":"a","value":{"b":1}}\n'), /refuses a row of configuration/);
    const twice = '{"name":"a","value":"b"}\n{"name":"a","value":"c"}\n';
    await isRefused(table('configuration', twice, 2), /refuses a row of configuration: UNIQUE/);
    await isRefused(
      table('computer_groups', '{"computer_id":"a","group_id":"b"}\n'),
      /refuses a row of computer_groups/,
    );
  });

  it('a row without end, without holding it in memory', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(600_000_000, 'a'));
    await isRefused(table('configuration', bomb), /a row of more than 67108864 bytes/);
  });

  it('a list of migrations with gaps', async () => {
    const wrong = /does not list the migrations/;
    await isRefused((manifest) => Object.assign(manifest, { migrations: [] }), wrong);
    await isRefused((manifest) => manifest.migrations.shift(), wrong);
    await isRefused((manifest) => manifest.migrations.push(manifest.migrations[0] ?? ''), wrong);
  });
});
