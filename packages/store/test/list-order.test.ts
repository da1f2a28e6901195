// The order of lists, the same on both engines: letter case does not count, numbers go by their value, and equal ones keep
// their order. It does not matter which version wrote a row.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import type { ComputerSort } from '../src/contract/index.ts';
import { type Database, openDatabase } from '../src/database.ts';
import { type Store, storeOf } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { author, category, contact, idOf, importAll, register, start, update } from './list-facts.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the order of lists (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: Database;
    let store: Store;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await openDatabase((await postgres?.createDatabase()) ?? ':memory:');
      // Three computers of a server of before.
      await migrate(
        database,
        new Date(start),
        migrations.filter(({ name }) => name < '0026'),
      );
      await writtenByOther(database, 1, { dns_name: 'beta', address: '10.0.0.2', agent_version: '10.0.1' });
      await writtenByOther(database, 2, { dns_name: 'ALPHA', address: '9.9.9.9', agent_version: '9.0.1' });
      await writtenByOther(database, 3, { dns_name: 'alpha', address: '10.0.0.10', agent_version: '9.0.1' });
      await migrate(database, new Date(start));
      store = storeOf(database, () => new Date(start));
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
    });

    const listed = async (sort: ComputerSort, isDescending = false): Promise<number[]> => {
      const found: number[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await store.pageComputers({}, { limit: 2, cursor, sort, isDescending });
        found.push(...page.items.map(({ computerId }) => Number(computerId.slice(0, 8))));
        if (page.next === undefined) return found;
        cursor = page.next;
      }
    };

    it('computers of before have their places after an upgrade', async () => {
      assert.deepEqual(await listed('name'), [2, 3, 1], 'ALPHA, alpha, beta: equal names by id');
      assert.deepEqual(await listed('name', true), [1, 3, 2]);
      assert.deepEqual(await listed('address'), [2, 1, 3]);
      assert.deepEqual(await listed('agent'), [2, 3, 1]);
    });

    it('computers that come, and that change, take their places, whoever wrote them', async () => {
      await contact(store, 4, 'Aardvark');
      await writtenByOther(database, 5, { dns_name: 'Zulu', address: '2001:db8::1', agent_version: '110.0' });
      assert.deepEqual(await listed('name'), [4, 2, 3, 1, 5]);
      await contact(store, 4, 'ZZ-top');
      await register(store, 4, { osBuildNumber: 22_631, newProductType: 48 });
      await register(store, 5, { osBuildNumber: 19_045, newProductType: 48 });
      await database.tables
        .updateTable('computers')
        .set({ dns_name: 'aa' })
        .where('computer_id', '=', idOf(5))
        .execute();
      assert.equal((await listed('name'))[0], 5);
      const [before, last] = (await listed('system')).slice(-2);
      assert.deepEqual([before, last], [5, 4], 'Windows 10, Windows 11');
    });

    it('a contact that changes nothing is no work for the next list', async () => {
      await listed('name');
      await contact(store, 4, 'pc-02');
      await store.sortComputers();
      await contact(store, 4, 'pc-02');
      assert.equal(await store.sortComputers(), 0);
    });

    it('of many changes at once, none is lost between two that read', async () => {
      for (let number = 100; number < 130; number++) await contact(store, number, `Many-${number}`);
      await Promise.all([listed('name'), store.sortComputers(), listed('address'), store.sortComputers()]);
      await store.sortComputers();
      const { rows } = await sql<{ count: number }>`
        select count(*) as count from computers where name_sort <> lower(dns_name)`.execute(database.tables);
      assert.equal(Number(rows[0]?.count), 0);
    });

    it('titles, categories and groups sort without letter case', async () => {
      await importAll(store, [
        update(11, 'beta update', {}),
        update(12, 'Alpha update', {}),
        update(13, 'alpha UPDATE', {}),
        update(14, 'Zulu', {}),
        category(21, 'office', 'Product'),
        category(22, 'Windows', 'Product'),
        category(23, 'Azure', 'Product'),
      ]);
      const titles: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const page = await store.pageUpdates({}, { limit: 1, cursor });
        titles.push(...page.items.map(({ title }) => title));
        if (page.next === undefined) break;
        cursor = page.next;
      }
      assert.deepEqual(titles, ['Alpha update', 'alpha UPDATE', 'beta update', 'Zulu']);
      const categories = await store.listCategories(['Product']);
      assert.deepEqual(
        categories.map(({ name }) => name),
        ['Azure', 'office', 'Windows'],
      );
      for (const name of ['pilot', 'Lab', 'all']) await store.createGroup(name, undefined, author);
      assert.deepEqual(
        (await store.loadGroups()).map(({ name }) => name),
        ['all', 'All Computers', 'Lab', 'pilot', 'Unassigned Computers'],
      );
    });

    it('titles of any length are listed and found', async () => {
      const long = Array.from({ length: 300 }, (_, at) => createHash('sha256').update(`${at}`).digest('hex')).join('');
      const [one, other] = [`Long ${long} A`, `Long ${long} B`];
      await importAll(store, [update(32, one, {}), update(33, other, {})]);
      const titled = await store.pageUpdates({ title: other }, { limit: 9 });
      assert.deepEqual([titled.items.map(({ title }) => title), titled.total], [[other], 1]);
      const search = long.slice(0, 100);
      const first = await store.pageUpdates({ search }, { limit: 1 });
      const second = await store.pageUpdates({ search }, { limit: 1, cursor: first.next });
      assert.deepEqual(
        [...first.items, ...second.items].map(({ title }) => title),
        [one, other],
      );
    });

    it('an update that its publisher expired says so, and is found by it', async () => {
      const expired = update(31, 'Expired one', {});
      expired.summary.isExpired = true;
      await importAll(store, [expired]);
      const named = async (isExpired: boolean) =>
        (await store.pageUpdates({ isExpired }, { limit: undefined })).items.map((one) => [one.title, one.isExpired]);
      assert.deepEqual(await named(true), [['Expired one', true]]);
      assert.ok((await named(false)).every(([, isExpired]) => isExpired === false));
      assert.equal((await store.findRevisions(expired.updateId)).at(-1)?.isExpired, true);
    });

    it('the first page reads no more rows than it shows', async () => {
      for (const [table, key, id] of [
        ['computers', 'name_sort', 'computer_id'],
        ['computers', 'address_sort', 'computer_id'],
        ['computers', 'agent_sort', 'computer_id'],
        ['computers', 'system_sort', 'computer_id'],
        ['update_titles', 'substr(title_key, 1, 600)', 'update_id'],
      ] as const) {
        const asked = sql.raw(`select ${id} from ${table} order by ${key}, ${id} limit 5`);
        const plan =
          engine === 'sqlite'
            ? await sql`explain query plan ${asked}`.execute(database.tables)
            : await database.tables.transaction().execute(async (transaction) => {
                await sql`set local enable_seqscan = off`.execute(transaction);
                return sql`explain ${asked}`.execute(transaction);
              });
        const text = JSON.stringify(plan.rows);
        assert.match(text, engine === 'sqlite' ? /USING (COVERING )?INDEX/ : /Index (Only )?Scan/, key);
        assert.doesNotMatch(text, /TEMP B-TREE|Sort Key/, key);
      }
    });
  });
}

/** As a server of another version writes, which knows nothing of keys. */
async function writtenByOther(database: Database, number: number, facts: Record<string, string>): Promise<void> {
  const row = {
    ...{ computer_id: idOf(number), requested_groups: '', agent_generation: 'wsus' },
    ...{ first_contact: start, last_contact: start, ...facts },
  };
  await database.tables
    .insertInto('computers')
    .values(row as never)
    .execute();
}
