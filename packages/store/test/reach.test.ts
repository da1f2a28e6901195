// The store as an account sees it that reaches some groups, on both engines. The pages of the API over it are tested in the
// server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Database, openDatabase } from '../src/database.ts';
import { allComputers, type Store, storeOf, unassignedComputers } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { author, contact, idOf, importAll, report, start, update, updateOf } from './list-facts.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the reach of an account (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: Database;
    let store: Store;
    let berlin: string;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await openDatabase((await postgres?.createDatabase()) ?? ':memory:');
      await migrate(database, new Date(start));
      store = storeOf(database, () => new Date(start));
      await importAll(store, [update(1, 'Tool', {}), update(2, 'Other', {})]);
      berlin = (await store.createGroup('Berlin', undefined, author)).groupId;
      await store.createGroup('Lab', 'Berlin', author);
      await store.createGroup('Hidden', undefined, author);
      // 1 in Berlin, 2 in Lab, 3 hidden, 4 in Lab and hidden, 5 in none.
      for (const [number, ...groups] of [
        [1, 'Berlin'],
        [2, 'Lab'],
        [3, 'Hidden'],
        [4, 'Lab', 'Hidden'],
        [5],
      ] as const) {
        await contact(store, number, `pc-0${number}`);
        for (const group of groups) await store.setMembership(idOf(number), String(group), true, author);
        await store.recordReportingEvents([report(number, [`U=${updateOf(1)}`])], new Date(start));
      }
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
    });

    it('lists, counts and reads computers and events of its groups alone, each once', async () => {
      const own = await store.within([berlin]);
      const { items, total, next } = await own.pageComputers({}, { limit: 2 });
      assert.deepEqual([items.map(({ dnsName }) => dnsName), total], [['pc-01', 'pc-02'], 3]);
      const rest = await own.pageComputers({}, { limit: 2, cursor: next });
      assert.deepEqual(
        rest.items.map(({ dnsName, groups }) => [dnsName, groups]),
        [['pc-04', ['Lab']]],
      );
      const reports = await own.pageReports({}, { limit: 9 });
      assert.deepEqual([reports.items.map(({ dnsName }) => dnsName), reports.total], [['pc-04', 'pc-02', 'pc-01'], 3]);
      assert.equal((await own.pageReports({ since: new Date(start - 1) }, { limit: 1 })).total, 3);
      assert.equal((await own.pageReports({ computerId: idOf(3) }, { limit: 9 })).total, 0);
      assert.equal((await own.pageStatusPings({}, { limit: 9 })).total, 0);
      assert.equal((await own.pageIdentityChanges({}, { limit: 9 })).total, 0);
      assert.deepEqual(await own.listReports(idOf(3), 9), []);
      const { states } = { states: await own.countStates(updateOf(1)) };
      assert.equal(states.notInstalled, 3);
      const counted = await own.countStatesByGroup(updateOf(1));
      assert.equal(counted.length, 2);
      assert.equal((await own.findComputers('pc-03')).length, 0);
    });

    it('of no group finds nothing, of Unassigned Computers those in no group, and of All Computers everything', async () => {
      const totalOf = async (...groups: string[]) =>
        (await (await store.within(groups)).pageComputers({}, { limit: 1 })).total;
      assert.equal(await totalOf(idOf(99)), 0);
      const nowhere = await (await store.within([idOf(99)])).pageUpdates({}, { limit: 9 });
      assert.ok(nowhere.items.every(({ approval }) => approval !== 'approved'));
      assert.equal(await totalOf(unassignedComputers), 1);
      assert.equal(await totalOf(allComputers), 5);
      assert.equal((await (await store.within([unassignedComputers])).pageReports({}, { limit: 9 })).total, 1);
    });

    it('decides for its groups, and never ends a decline', async () => {
      const own = await store.within([berlin]);
      const decide = (groupId: string) =>
        own.deployAll([{ updateId: updateOf(2), groupId, action: 'Install', deadline: undefined }], author);
      await assert.rejects(decide(allComputers), { code: 'SERVER_NOT_FOUND' });
      await decide(berlin);
      assert.equal((await own.pageUpdates({ approval: 'approved' }, { limit: 9 })).total, 1);
      const { groupId: hidden } = await store.requireGroup('Hidden');
      const other = await store.within([hidden]);
      assert.equal((await other.pageUpdates({ approval: 'approved' }, { limit: 9 })).total, 0);
      assert.deepEqual(await other.listDeploymentsOf(updateOf(2)), []);
      await store.setDeclined(updateOf(2), true, author);
      await assert.rejects(decide(berlin), { code: 'SERVER_REFUSED', message: /declined/ });
      assert.equal((await store.pageUpdates({ approval: 'declined' }, { limit: 9 })).total, 1);
    });

    it('has no way to what it was not made for', async () => {
      const own = await store.within([berlin]);
      for (const call of [
        () => own.listAccounts(),
        () => own.setDeclinedAll([updateOf(1)], true, author),
        () => own.createGroup('X', undefined, author),
        () => own.pageAudit({}, { limit: 1 }),
        () => own.loadServerStatus(),
        () => own.saveSetting('x', 'y'),
        () => own.within([allComputers]),
        () => own.removeComputer(idOf(3), author),
        () => own.setMembership(idOf(3), 'Berlin', true, author),
        () => own.pageUpdates({ isNeeded: true }, { limit: 1 }),
      ])
        await assert.rejects(call, { code: /^SERVER_(REFUSED|NOT_FOUND)$/ }, String(call));
    });
  });
}
