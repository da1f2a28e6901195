// How many computers need an update: figures that are added up before a list, on a database that cannot be written, and
// beside servers of the version before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { type Database, openDatabase } from '../src/database.ts';
import { type Store, storeOf } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { backedUpTables, derivedTables } from '../src/tables.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2026-12-01T12:00:00Z');
const now = () => at;
const updateId = '00000001-aaaa-43c9-bac3-52d5db701494';
const otherId = '00000002-aaaa-43c9-bac3-52d5db701494';
const own = ['update_figures', 'update_figure_changes'];
const before0020 = migrations.filter(({ name }) => name < '0020');

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`figures of updates (${engine})`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-update-figures-'));
    let postgres: TestPostgres | undefined;
    let files = 0;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
    const newAddress = async () => (await postgres?.createDatabase()) ?? join(folder, `${files++}.sqlite`);

    it('are the last ones where nothing can be written, or another process writes, and right afterwards', async () => {
      const address = await newAddress();
      await using database = await openDatabase(address);
      const store = storeOf(database, now);
      await migrate(database, at);
      await report(store, 1);
      assert.equal(await neededIn(store), 1);
      await report(store, 2);
      await store.importRevisions([revisionOf('Update B', otherId)], at);
      await store.readUpdateFacts();
      const titles = async () =>
        (await store.pageUpdates({}, { limit: 3, sort: 'needed', isDescending: true })).items.map(({ title }) => title);
      if (postgres) {
        // Its error for a full disk.
        const full = `begin raise exception 'no space left' using errcode = '53100'; end`;
        await postgres.run(
          address,
          `create function refuse() returns trigger language plpgsql as $$ ${full} $$`,
          'create trigger refused before insert on update_figures for each row execute function refuse()',
        );
        assert.equal(await neededIn(store), 1);
        await postgres.run(address, 'drop trigger refused on update_figures');
      } else {
        await sql`pragma query_only = on`.execute(database.tables);
        assert.equal(await neededIn(store), 1);
        assert.deepEqual(await titles(), ['Update A', 'Update B'], 'also those without a row of figures');
        await sql`pragma query_only = off`.execute(database.tables);
        using other = new DatabaseSync(address);
        for (let time = 0; time < 2; time++) {
          other.exec('begin immediate');
          const started = performance.now();
          assert.equal(await neededIn(store), 1);
          // A writer would wait for 10 s, and so would everything else in this process.
          assert.ok(performance.now() - started < 8000);
          other.exec('rollback');
        }
        other.close();
        const { rows } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(database.tables);
        assert.equal(rows[0]?.timeout, 10_000);
      }
      assert.equal(await neededIn(store), 2);
      assert.deepEqual(await titles(), ['Update A', 'Update B']);
    });

    it('are right after the version before restored its backup over them, and an upgrade', async () => {
      await using database = await openDatabase(await newAddress());
      const store = storeOf(database, now);
      await migrate(database, at);
      await report(store, 1);
      // It drops the tables that it knows.
      const known = [
        ...derivedTables.filter((name) => !own.includes(name)),
        'migrations',
        ...[...backedUpTables].reverse(),
      ];
      for (const table of known) await sql.raw(`drop table if exists ${table}`).execute(database.tables);
      await migrate(database, at, before0020);
      await report(store, 2);
      await report(store, 3);
      const [first] = await migrate(database, at);
      assert.equal(first, '0020-update-figures');
      assert.equal(await neededIn(store), 2);
      assert.equal(await store.recountFigures(), 0);
    });

    if (engine === 'postgres')
      it('hold what a server of the version before writes during the upgrade', async () => {
        const address = await newAddress();
        await using database = await openDatabase(address);
        await migrate(database, at, before0020);
        const older = new pg.Client({ connectionString: address });
        await older.connect();
        await older.query('begin');
        await older.query(`insert into computer_update_status (computer_id, update_id, state, changed_at)
          values ('${computer(1)}', '${updateId}', 2, 1)`);
        const upgraded = migrate(database, at);
        await waitsForLock(database);
        await older.query('commit');
        await older.end();
        await upgraded;
        assert.equal(await storeOf(database, now).recountFigures(), 0);
      });
  });
}

const computer = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;

/** A revision of an update with this title and id. */
function revisionOf(title: string, id = updateId) {
  const identity = { updateId: id, revisionNumber: 1, updateType: 'Software' };
  const rest = { explicitlyDeployable: true, isExpired: false, clauses: '', more: undefined };
  const texts = { title, xml: '<a/>', core: '<a/>', extended: '<a/>' };
  return { ...identity, categoryType: undefined, ...texts, summary: { ...identity, ...rest } as never, files: [] };
}

/** A computer reports that it needs the update, which is imported. */
async function report(store: Store, number: number): Promise<void> {
  await store.importRevisions([revisionOf('Update A')], at);
  const event = {
    ...{ instanceId: crypto.randomUUID(), computerId: computer(number), timeAtTarget: at, namespaceId: 1 },
    ...{ eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '' },
    ...{ replacementStrings: [], miscData: [`U=${updateId}`] },
  };
  await store.recordReportingEvents([event], at);
}

async function neededIn(store: Store): Promise<number | undefined> {
  return (await store.pageUpdates({}, { limit: 3, sort: 'needed', isDescending: true })).items[0]?.needed;
}

async function waitsForLock({ tables }: Database): Promise<void> {
  for (;;) {
    const { rows } = await sql`select 1 from pg_locks where not granted`.execute(tables);
    if (rows.length > 0) return;
    await pause(10);
  }
}
