// What must not compile: tsc fails when one of the lines below is accepted.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from './database.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { backedUpTables, derivedTables, identityColumns, type TableRoles } from './tables.ts';
import { together } from './together.ts';

it('a table that is forgotten, or whose numbered column is, does not compile', () => {
  type Roles = Pick<TableRoles, 'audit' | 'updates'>;
  const whole: Roles = { audit: { role: 'backed-up', identity: 'audit_id' }, updates: { role: 'backed-up' } };
  // @ts-expect-error audit is not there.
  const forgotten: Roles = { updates: { role: 'backed-up' } };
  // @ts-expect-error the numbers of audit would begin again.
  const unnumbered: Roles = { ...whole, audit: { role: 'backed-up' } };
  // @ts-expect-error updates have no number.
  const numbered: Roles = { ...whole, updates: { role: 'backed-up', identity: 'update_id' } };
  assert.equal([forgotten, unnumbered, numbered].length, 3);
});

it('the numbers of migrations grow in the list, because a backup and an older version tell by them how new a schema is', () => {
  const names = migrations.map(({ name }) => name);
  assert.deepEqual(names, names.toSorted());
  assert.equal(new Set(names.map((name) => name.slice(0, 4))).size, names.length);
});

it('every table of the schema is backed up or derived, and its numbered column is the one that the database numbers', async () => {
  await using database = await openDatabase(':memory:');
  await migrate(database, new Date());
  const { rows } = await sql<{ name: string; sql: string }>`
    select name, sql from sqlite_master where type = 'table' and name not like 'sqlite_%'`.execute(database.tables);
  const listed = [...backedUpTables, ...derivedTables];
  // What migrations have run, a backup says by itself.
  assert.deepEqual(
    rows.map(({ name }) => name).filter((name) => name !== 'migrations' && !listed.includes(name)),
    [],
  );
  const numbered = rows.flatMap(({ name, sql: made }) => {
    const column = /(\w+) integer primary key autoincrement/.exec(made)?.[1];
    return column && backedUpTables.some((table) => table === name) ? [`${name}.${column}`] : [];
  });
  assert.deepEqual(identityColumns.map(({ table, column }) => `${table}.${column}`).sort(), numbered.sort());
});

it('two parts of the store that define the same name do not compile', () => {
  const first = { list: () => 1, add: () => 2 };
  assert.equal(together(first, { remove: () => 3 }).remove(), 3);
  // @ts-expect-error both define list.
  together(first, { list: () => 3 });
  // @ts-expect-error so do the first and the last.
  together(first, { remove: () => 3 }, { add: () => 4 });
});
