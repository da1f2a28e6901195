import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, it } from 'node:test';
import { Kysely, sql } from 'kysely';
import { durableSqliteDialect } from './dialect.ts';
import { openSqlite } from './open.ts';
import { createWalSync } from './wal-sync.ts';

interface Tables {
  notes: { text: string };
}

function openWithDisk() {
  const connection = new DatabaseSync(':memory:');
  connection.exec('create table notes (text text not null)');
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  const tables = new Kysely<Tables>({
    dialect: durableSqliteDialect({
      connection,
      durable: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
      close: async () => connection.close(),
    }),
  });
  after(() => tables.destroy());
  return { tables, waiting };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

it('a write is answered when the disk has it, and others read and write meanwhile', async () => {
  const { tables, waiting } = openWithDisk();
  const answered: string[] = [];
  const write = (text: string) =>
    tables
      .insertInto('notes')
      .values({ text })
      .execute()
      .then(() => answered.push(text));
  const first = write('first');
  const second = tables.transaction().execute((transaction) => {
    return transaction.insertInto('notes').values({ text: 'second' }).execute();
  });
  await soon();
  assert.deepEqual((await tables.selectFrom('notes').selectAll().execute()).length, 2, 'a reader waits for nobody');
  assert.deepEqual(answered, []);
  assert.equal(waiting.length, 2);
  waiting[0]?.resolve();
  await first;
  assert.deepEqual(answered, ['first']);
  waiting[1]?.resolve();
  await second;
  await tables.destroy();
});

it('a write that the disk refuses is a failure, not an answer', async () => {
  const { tables, waiting } = openWithDisk();
  const writing = tables.insertInto('notes').values({ text: 'lost' }).execute();
  await soon();
  waiting[0]?.reject(new Error('no space'));
  await assert.rejects(writing, /no space/);
  await tables.destroy();
});

it('transactions take turns, and one that fails leaves nothing behind', async () => {
  await using tables = new Kysely<Tables>({ dialect: openSqlite(':memory:') });
  await sql`create table notes (text text not null)`.execute(tables);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, (_, number) =>
      tables.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('notes')
          .values({ text: String(number) })
          .execute();
        await soon();
        if (number % 2 === 1) throw new Error('changed my mind');
      }),
    ),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 10);
  const kept = await tables.selectFrom('notes').selectAll().execute();
  assert.deepEqual(
    kept.map(({ text }) => Number(text) % 2),
    Array.from({ length: 10 }, () => 0),
  );
});

it('after one refusal of the disk nothing later is believed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-wal-'));
  const log = createWalSync(join(folder, 'nothing.sqlite'));
  await assert.rejects(log.durable(), { code: 'ENOENT' });
  const connection = new DatabaseSync(join(folder, 'nothing.sqlite'));
  connection.exec('pragma journal_mode = wal; create table notes (text text)');
  await assert.rejects(log.durable(), { code: 'ENOENT' });
  await log.close();
  connection.close();
  rmSync(folder, { recursive: true });
});

it('what a busy process wrote, checkpoints between, is all there for the next one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-wal-'));
  const file = join(folder, 'moult.sqlite');
  await using tables = new Kysely<Tables>({ dialect: openSqlite(file) });
  await sql`create table notes (text text not null)`.execute(tables);
  for (let turn = 0; turn < 30; turn++) {
    await Promise.all(
      Array.from({ length: 50 }, () =>
        tables
          .insertInto('notes')
          .values({ text: 'x'.repeat(2000) })
          .execute(),
      ),
    );
  }
  await tables.destroy();
  const next = new DatabaseSync(file, { readOnly: true });
  assert.deepEqual({ ...next.prepare('select count(*) as count from notes').get() }, { count: 1500 });
  next.close();
  rmSync(folder, { recursive: true });
});
