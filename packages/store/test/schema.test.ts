// Who changes the schema, who may go on working on it, and what the database must be: its rights and its encoding.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import { openServerStore, openStore } from '../src/index.ts';
import { migrate, requireSchema } from '../src/migrate.ts';
import { type Migration, migrations } from '../src/migrations/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2027-01-01T00:00:00Z');
const now = () => at;
const newest = migrations.at(-1)?.name.slice(0, 4);

const expansion: Migration = {
  name: '9001-something-new',
  up: async (database) => {
    await sql`create table something_new (name text primary key)`.execute(database);
  },
};
const contraction = (from: string | undefined): Migration => ({
  name: `9002-contract-${from}-something-old`,
  up: async (database) => {
    await sql`drop table something_new`.execute(database);
  },
});

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the schema (${engine})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-schema-'));
    let postgres: TestPostgres | undefined;
    let count = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const newAddress = async () => (await postgres?.createDatabase()) ?? join(folder, `${++count}.sqlite`);
    const onNew = async (work: (database: Database) => Promise<void>) => {
      const database = await openDatabase(await newAddress());
      await work(database).finally(() => database.close());
    };

    it('code of before works on what a newer release added, as server and as command', () =>
      onNew(async (database) => {
        await migrate(database, at, [...migrations, expansion]);
        assert.deepEqual(await migrate(database, at), []);
        assert.equal(await requireSchema(database), 'ready');
      }));

    it('code that a contraction bears goes on, older code is refused by it', () =>
      onNew(async (database) => {
        await migrate(database, at, [...migrations, expansion, contraction(newest)]);
        assert.deepEqual(await migrate(database, at), []);
        assert.equal(await requireSchema(database), 'ready');
      }));

    it('code that needs what is gone is refused, and nothing is changed', () =>
      onNew(async (database) => {
        const steps = [...migrations, expansion, contraction('9001')];
        await migrate(database, at, steps);
        for (const refused of [migrate(database, at), requireSchema(database)]) {
          await assert.rejects(refused, { code: 'SERVER_DATABASE_TOO_NEW', message: /9002-contract-9001/ });
        }
        assert.deepEqual(await migrate(database, at, steps), []);
      }));

    it('a command on a database without a Moult makes nothing, when it needs one that is there', async () => {
      const address = await newAddress();
      await assert.rejects(openStore(address, { now, ifEmpty: 'refuse' }), {
        code: 'SERVER_DATABASE_TOO_OLD',
        message: /holds no Moult yet.*moult serve/,
      });
      await using database = await openDatabase(address);
      assert.equal(await requireSchema(database), 'empty');
    });
  });
}

describe('rights and encoding (postgres)', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());
  const as = (role: string, address: string) => address.replace('moult@', `${role}@`);

  it('a role without the right to make tables works on those that are there, as server and as command', async () => {
    const address = await postgres.createDatabase();
    await postgres.run(address, 'create role everyday login', 'revoke all on schema public from public');
    await using owner = openServerStore(address, { now });
    await owner.prepare();
    await owner.close();
    await postgres.run(
      address,
      'grant usage on schema public to everyday',
      'grant select, insert, update, delete on all tables in schema public to everyday',
    );
    await using server = openServerStore(as('everyday', address), { now });
    await server.prepare();
    await server.saveSetting('a', 'b');
    await server.createGroup('Servers', undefined, { name: 'tester', at });
    await server.close();
    await using command = await openStore(as('everyday', address), { now, ifEmpty: 'refuse' });
    assert.equal(await command.loadSetting('a'), 'b');
  });

  it('a role that may not make the tables is told which right it needs', async () => {
    const address = await postgres.createDatabase();
    await postgres.run(address, 'create role poor login', 'grant usage on schema public to poor');
    await using store = openServerStore(as('poor', address), { now });
    await assert.rejects(store.prepare(), {
      code: 'SERVER_DATABASE',
      message: /role "poor" may not.*GRANT USAGE, CREATE ON SCHEMA "public" TO "poor"/,
    });
  });

  it('a role that may not read the tables is told so too', async () => {
    const address = await postgres.createDatabase();
    await postgres.run(address, 'create role blind login');
    await openStore(address, { now }).then((store) => store.close());
    await assert.rejects(openStore(as('blind', address), { now }), {
      code: 'SERVER_DATABASE',
      message: /role "blind" may not.*GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "public" TO "blind"/,
    });
  });

  for (const encoding of ['LATIN1', 'SQL_ASCII']) {
    it(`a database in ${encoding} is refused, before anything is made in it`, async () => {
      const address = await postgres.createDatabase(`encoding '${encoding}' template template0`);
      const message = new RegExp(`encoding is ${encoding}, and Moult needs UTF8.*CREATE DATABASE`);
      await using store = openServerStore(address, { now });
      await assert.rejects(store.prepare(), { code: 'SERVER_DATABASE', message });
      await store.close();
      await assert.rejects(openStore(address, { now }), { code: 'SERVER_DATABASE', message });
    });
  }

  it('a migration that would have to wait for a table gives way, and those behind it go on', async () => {
    const address = await postgres.createDatabase();
    await using database = await openDatabase(address);
    await migrate(database, at);
    const altering: Migration = {
      name: '9001-something-new',
      up: async (transaction) => {
        await sql`alter table computers add column something_new text`.execute(transaction);
      },
    };
    let isDone = () => {};
    const done = new Promise<void>((resolve) => {
      isDone = resolve;
    });
    // A server of the release before, in the middle of something long.
    const atWork = database.tables.transaction().execute(async (transaction) => {
      await transaction.selectFrom('computers').selectAll().execute();
      await done;
    });
    await assert.rejects(migrate(database, at, [...migrations, altering]), {
      code: 'SERVER_DATABASE_AWAY',
      message: /lock/,
    });
    isDone();
    await atWork;
    assert.deepEqual(await migrate(database, at, [...migrations, altering]), [altering.name]);
  });
});
