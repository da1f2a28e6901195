// The disk refuses: what SQLite says of it, a commit that could not be synced, and how the store finds its way back.
import assert from 'node:assert/strict';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, afterEach, beforeEach, it } from 'node:test';
import { Kysely, sql } from 'kysely';
import { mountSmallDisk } from '../../../server/test/small-disk.ts';
import { durableSqliteDialect } from './dialect.ts';
import { rewriteWal, WalLost } from './wal-repair.ts';
import { createWalSync, type WalSyncParts } from './wal-sync.ts';

interface Tables {
  notes: { text: string };
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-disk-faults-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A database whose log is synced as `parts` say. */
function open(parts: WalSyncParts) {
  const file = join(folder, 'moult.sqlite');
  const connection = new DatabaseSync(file);
  connection.exec('pragma journal_mode = wal; pragma synchronous = normal; create table notes (text text not null)');
  const log = createWalSync(file, parts);
  const close = async () => {
    await log.close();
    connection.close();
  };
  const { durable, recover, admit } = log;
  const tables = new Kysely<Tables>({ dialect: durableSqliteDialect({ connection, durable, recover, admit, close }) });
  const write = (text: string) => tables.insertInto('notes').values({ text }).execute();
  const texts = async () => (await tables.selectFrom('notes').select('text').execute()).map(({ text }) => text);
  after(() => tables.destroy());
  return { file, tables, write, texts, log, connection };
}

/** Fails as often as told, with an error of the disk; then it lies, as a kernel may: all is well. */
function failingLog(times: number) {
  let left = times;
  return async () => ({
    async datasync() {
      if (left-- > 0) throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    },
    close: async () => undefined,
  });
}

/** What a process that is killed now leaves behind, as the next one reads it. */
function afterKill(file: string): string[] {
  const killed = join(folder, 'killed');
  mkdirSync(killed);
  for (const end of ['', '-wal']) copyFileSync(`${file}${end}`, join(killed, `moult.sqlite${end}`));
  const next = new DatabaseSync(join(killed, 'moult.sqlite'));
  const rows = next.prepare('select text from notes').all();
  next.close();
  return rows.map(({ text }) => String(text));
}

it('a commit that could not be synced is not acknowledged, and a sync that succeeds afterwards is not believed', async () => {
  const broken = () => {
    throw Object.assign(new Error('still full'), { code: 'ENOSPC' });
  };
  const { tables, write } = open({ openLog: failingLog(1), rewrite: broken, restMs: 0 });
  await assert.rejects(write('first'), { code: 'SERVER_DISK_FULL', message: /not known to be on its disk: .*EIO/ });
  await assert.rejects(write('second'), { code: 'SERVER_DISK_FULL' });
  await tables.destroy();
});

it('after a failed sync the log is written again, frame by frame, before anything is acknowledged', async () => {
  const rewritten: string[] = [];
  const rewrite = (file: string) => {
    rewriteWal(file);
    rewritten.push(file);
  };
  const { file, tables, write, texts } = open({ openLog: failingLog(1), rewrite, restMs: 0 });
  await assert.rejects(write('unsure'), { code: 'SERVER_DISK_FULL' });
  await write('sure');
  assert.deepEqual(rewritten, [file]);
  assert.deepEqual(await texts(), ['unsure', 'sure']);
  assert.deepEqual(afterKill(file), ['unsure', 'sure']);
  await tables.destroy();
});

it('writing again touches every frame of the log that counts, and nothing else', async () => {
  const { file, tables, write, connection } = open({});
  for (let turn = 0; turn < 20; turn++) await write('x'.repeat(50_000));
  connection.exec('pragma wal_checkpoint(restart)');
  for (const text of ['one', 'two', 'three']) await write(text);
  const { log: frames } = connection.prepare('pragma wal_checkpoint(noop)').get() as { log: number };
  const before = readFileSync(`${file}-wal`);
  const touched: [number, number][] = [];
  const count = (descriptor: number, bytes: Buffer, at: number, length: number, position: number) => {
    touched.push([position, length]);
    return writeSync(descriptor, bytes, at, length, position);
  };
  const files = {
    open: openSync,
    read: readSync,
    write: count as typeof writeSync,
    sync: fdatasyncSync,
    close: closeSync,
  };
  rewriteWal(file, files);
  assert.deepEqual(touched, [
    [0, 32],
    [32, frames * 4120],
  ]);
  assert.deepEqual(readFileSync(`${file}-wal`), before);
  await write('four');
  await tables.destroy();
});

it('a log that lost a frame is never called whole, and what was acknowledged before survives', async () => {
  const { file, tables, write, log } = open({ openLog: failingLog(0), restMs: 0 });
  await write('acknowledged');
  const end = statSync(`${file}-wal`).size;
  await write('y'.repeat(20_000));
  // What a kernel leaves that could not write the pages: a hole where they were.
  const descriptor = openSync(`${file}-wal`, 'r+');
  for (const [hole, message] of [
    [end + 4000, /not whole/],
    [end + 2 * 4120 + 24, /frame \d+ of \d+ is not the one|SQLite cannot read it/],
  ] as const) {
    writeSync(descriptor, Buffer.alloc(4096), 0, 4096, hole);
    assert.throws(() => rewriteWal(file), { name: 'WalLost', message });
  }
  assert.equal(afterKill(file).at(-1), 'acknowledged');
  assert.equal(log.isLost, false, 'nobody asked yet');
  await tables.destroy();
});

it('a log that is lost refuses every write from then on, and says that only a restart helps', async () => {
  const rewrite = () => {
    throw new WalLost('frame 3 of 9 is not the one that was written');
  };
  const { tables, write, texts, log, connection } = open({ openLog: failingLog(1), rewrite, restMs: 0 });
  await assert.rejects(write('lost'));
  await assert.rejects(write('later'), { code: 'SERVER_DISK_FULL', message: /Restart the server/ });
  assert.equal(log.isLost, true);
  assert.equal((await texts()).includes('later'), false);
  await tables.destroy();
  assert.equal(connection.isOpen, false);
});

it('while another process writes, the log is left alone', async () => {
  const { file, tables, write } = open({});
  await write('mine');
  const other = new DatabaseSync(file);
  other.exec('begin immediate');
  assert.throws(() => rewriteWal(file), { code: 'ERR_SQLITE_ERROR', message: /locked/ });
  other.close();
  rewriteWal(file);
  await tables.destroy();
});

it('a transaction that SQLite ended by itself is over for its user too, and nothing of it stays', async () => {
  const { tables, texts, connection } = open({});
  const text = 'x'.repeat(100_000);
  connection.exec('pragma max_page_count = 20');
  const writing = tables.transaction().execute(async (transaction) => {
    await transaction.insertInto('notes').values({ text: 'begun' }).execute();
    await transaction
      .insertInto('notes')
      .values({ text })
      .execute()
      .catch(() => connection.exec('pragma max_page_count = 1000000'));
    if (connection.isTransaction) connection.exec('rollback');
    // Its user goes on: without its transaction this would be a write of its own.
    await transaction.insertInto('notes').values({ text: 'stray' }).execute();
  });
  await assert.rejects(writing);
  assert.deepEqual(await texts(), []);
  await tables.insertInto('notes').values({ text: 'next' }).execute();
  assert.deepEqual(await texts(), ['next']);
  await tables.destroy();
});

it('on a full disk a transaction fails as SERVER_DISK_FULL, others read on, and writing goes on when there is room', async () => {
  const disk = mountSmallDisk(join(folder, 'disk'), 8);
  if (!disk) return;
  try {
    const { openSqlite } = await import('./open.ts');
    const file = join(disk.path, 'moult.sqlite');
    await using tables = new Kysely<Tables>({ dialect: openSqlite(file) });
    await sql`create table notes (text text not null)`.execute(tables);
    const write = (text: string) =>
      tables.transaction().execute(async (transaction) => {
        await transaction.insertInto('notes').values({ text }).execute();
      });
    await write('before');
    disk.fill();
    const message = /database cannot be written: the disk is full \(SQLITE_FULL\)/;
    await assert.rejects(write('z'.repeat(100_000)), { code: 'SERVER_DISK_FULL', message });
    assert.equal((await tables.selectFrom('notes').selectAll().execute()).length, 1);
    disk.free();
    await write('after');
    await tables.destroy();
    assert.equal(existsSync(`${file}-wal`), false, 'closed as always');
  } finally {
    disk.unmount();
  }
});

it('a database that a full disk does not let open is opened by the first use that can', async () => {
  const disk = mountSmallDisk(join(folder, 'disk'), 8);
  if (!disk) return;
  try {
    const { openSqlite } = await import('./open.ts');
    const file = join(disk.path, 'moult.sqlite');
    await using before = new Kysely<Tables>({ dialect: openSqlite(file) });
    await sql`create table notes (text text not null)`.execute(before);
    await before.destroy();
    disk.fill();
    await using tables = new Kysely<Tables>({ dialect: openSqlite(file) });
    const read = () => tables.selectFrom('notes').selectAll().execute();
    const message = /database .*moult\.sqlite cannot be opened: the disk is full/;
    await assert.rejects(read(), { code: 'SERVER_DISK_FULL', message });
    await assert.rejects(read(), { code: 'SERVER_DISK_FULL' });
    disk.free();
    await tables.insertInto('notes').values({ text: 'at last' }).execute();
    assert.equal((await read()).length, 1);
    await tables.destroy();
    await new Kysely<Tables>({ dialect: openSqlite(file) }).destroy();
  } finally {
    disk.unmount();
  }
});

it('a checkpoint that a full disk refuses is made later: its thread lives on, and nothing is lost', async () => {
  const disk = mountSmallDisk(join(folder, 'disk'), 32);
  if (!disk) return;
  try {
    const { openSqlite } = await import('./open.ts');
    const file = join(disk.path, 'moult.sqlite');
    await using tables = new Kysely<Tables>({ dialect: openSqlite(file) });
    await sql`create table notes (text text not null)`.execute(tables);
    const write = async (times: number) => {
      let written = 0;
      for (let at = 0; at < times; at++) {
        const insertion = tables.insertInto('notes').values({ text: 'x'.repeat(4000) });
        await insertion.execute().then(
          () => written++,
          () => undefined,
        );
      }
      return written;
    };
    const threadPages = async () => {
      const { rows } = await sql<{ wal_autocheckpoint: number }>`pragma wal_autocheckpoint`.execute(tables);
      return rows[0]?.wal_autocheckpoint;
    };
    const settle = () => new Promise((resolve) => setTimeout(resolve, 300));
    // The log grows, the thread begins, and the log keeps its size: with that there is room in it on a full disk.
    let written = await write(1200);
    await settle();
    disk.fill();
    // The database would have to grow now at each checkpoint.
    written += await write(600);
    await settle();
    const pagesWithThread = 65_536;
    assert.equal(await threadPages(), pagesWithThread, 'the thread has not ended');
    disk.free();
    written += await write(600);
    await settle();
    await tables.destroy();
    const next = new DatabaseSync(file, { readOnly: true });
    assert.deepEqual({ ...next.prepare('select count(*) as count from notes').get() }, { count: written });
    assert.deepEqual({ ...next.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
    next.close();
    assert.ok(written > 1800, `${written} writes`);
  } finally {
    disk.unmount();
  }
});
