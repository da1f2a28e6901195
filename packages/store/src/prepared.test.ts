import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sql } from 'kysely';
import { openDatabase } from './database.ts';
import { prepareInsert } from './prepared.ts';

it('values of an insertion are bound by name: their order in the statement says nothing', async () => {
  await using database = await openDatabase(':memory:');
  const { tables } = database;
  await sql`create table counters (name text, value integer)`.execute(tables);
  // The other way round than the example, and one of them twice.
  const insert = prepareInsert({ name: '', value: 0 }, (rows) => {
    const given = rows.map(({ name, value }) => sql`select ${value} + ${1}, ${name} || ${name}`);
    const statement = sql`insert into counters (value, name) ${sql.join(given, sql` union all `)}`;
    return { compile: () => statement.compile(tables) };
  });
  const rows = [
    { value: 1, name: 'a' },
    { name: 'b', value: 2 },
  ];
  await insert(tables, rows);
  await insert(tables, rows);
  assert.deepEqual(await tables.selectFrom('counters').selectAll().where('value', '=', 2).execute(), [
    { name: 'aa', value: 2 },
    { name: 'aa', value: 2 },
  ]);
});

it('a column that the statement leaves out is named at once', async () => {
  await using database = await openDatabase(':memory:');
  const insert = prepareInsert({ name: '', value: 0 }, (rows) =>
    database.tables.insertInto('counters').values(rows.map(({ name }) => ({ name, value: 0 }))),
  );
  assert.throws(() => insert(database.tables, [{ name: 'a', value: 1 }]), /leaves out value/);
});
