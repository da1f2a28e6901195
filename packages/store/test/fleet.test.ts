// Figures of the whole fleet, for reports, on both engines.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { overrideBounds } from '@moult/bounds';
import { type Database, openDatabase } from '../src/database.ts';
import { fleetReads } from '../src/declared-bounds.ts';
import { allComputers, type Store, storeOf, unassignedComputers } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { author, contact, day, idOf, importAll, register, report, start, update, updateOf } from './list-facts.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const now = new Date(start + 40 * day);
const failure = (number: number, updateNumber: number, code: number, at: number) => ({
  ...{ ...report(number, [], at), eventNumber: 182, updateId: updateOf(updateNumber), win32HResult: code | 0 },
});

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`figures of the fleet (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: Database;
    let store: Store;
    let lab: string;
    let pilot: string;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await openDatabase((await postgres?.createDatabase()) ?? ':memory:');
      await migrate(database, new Date(start));
      store = storeOf(database, () => now);
      await importAll(store, [update(1, 'Tool', {}), update(2, 'Other', {})]);
      pilot = (await store.createGroup('Pilot', undefined, author)).groupId;
      lab = (await store.createGroup('Lab', undefined, author)).groupId;
      // 1 is up to date, 2 needs, 3 failed and is in both groups, 4 never reported, 5 is silent since the first day.
      for (const number of [1, 2, 3, 4]) await contact(store, number, `pc-0${number}`, now.getTime());
      await contact(store, 5, 'pc-05', start);
      await register(store, 2, { osBuildNumber: 26200 });
      for (const [number, group] of [
        [1, pilot],
        [2, pilot],
        [3, pilot],
        [3, lab],
      ] as const)
        await store.setMembership(idOf(number), group, true, author);
      const at = now.getTime() - 3 * day;
      const reports = [report(1, [`V=${updateOf(1)}`], at), report(2, [`U=${updateOf(1)};${updateOf(2)}`], at)];
      await store.recordReportingEvents([...reports, report(3, [`g=${updateOf(1)}`], at)], new Date(at));
      await store.recordReportingEvents([report(5, [`V=${updateOf(1)}`], start)], new Date(start));
      for (const number of [1, 2, 3])
        await store.noteContacts(new Map([[idOf(number), { at: now, synced: true, reported: true }]]));
      await store.noteContacts(new Map([[idOf(5), { at: new Date(start), synced: true, reported: true }]]));
      await store.recordReportingEvents(
        [failure(3, 1, 0x80070643, at), failure(2, 1, 0x80070643, at), failure(2, 2, 0x80070643, at)],
        new Date(at),
      );
      await store.recordReportingEvents([failure(1, 1, 0x8024402c, start)], new Date(start));
      await store.recordReportingEvents([report(2, [`U=${updateOf(1)};${updateOf(2)}`], at)], new Date(at));
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
    });

    it('compliance by group counts each computer of several groups in each, and all of them once', async () => {
      const silentSince = new Date(now.getTime() - 30 * day);
      const counted = await store.countCompliance({ silentSince });
      const byGroup = Object.fromEntries(counted.map(({ groupId, ...rest }) => [groupId, Object.values(rest)]));
      assert.deepEqual(byGroup, {
        [allComputers]: [5, 1, 1, 2, 1, 1],
        [pilot]: [3, 0, 1, 2, 0, 0],
        [lab]: [1, 0, 0, 1, 0, 0],
        [unassignedComputers]: [2, 1, 0, 0, 1, 1],
      });
      const asked = await store.countCompliance({ silentSince, groupIds: [lab] });
      assert.deepEqual(
        asked.map(({ groupId }) => groupId),
        [lab],
        'of the groups of a computer, only the one asked for',
      );
      const own = await store.within([lab]);
      assert.deepEqual(
        (await own.countCompliance({ silentSince })).map(({ groupId }) => groupId),
        [lab],
      );
    });

    it('failures are counted by code since a time, and no more than the bound', async () => {
      const all = await store.countFailures({ since: new Date(start - 1) });
      const shown = (of: typeof all) => of.items.map((one) => [one.code, one.computers, one.updates, one.failures]);
      assert.deepEqual(shown(all), [
        [0x80070643, 2, 2, 3],
        [0x8024402c, 1, 1, 1],
      ]);
      assert.equal(all.isCut, false);
      assert.deepEqual(shown(await store.countFailures({ since: new Date(start + day) })), [[0x80070643, 2, 2, 3]]);
      assert.deepEqual(shown(await store.countFailures({ since: new Date(0), groupIds: [lab] })), [
        [0x80070643, 1, 1, 1],
      ]);
      using _bound = overrideBounds(fleetReads, { maxFailures: 1 });
      const cut = await store.countFailures({ since: new Date(start - 1) });
      assert.deepEqual([cut.isCut, cut.items.reduce((sum, { failures }) => sum + failures, 0)], [true, 1]);
    });

    it('ages, systems, agents and hours count each computer once', async () => {
      const ages = await store.countAges({}, now);
      assert.deepEqual(
        ages.map(({ age, reported, seen }) => [age, reported, seen]),
        [
          ['day', 0, 4],
          ['week', 3, 0],
          ['month', 0, 0],
          ['quarter', 1, 1],
          ['longer', 0, 0],
          ['never', 1, 0],
        ],
      );
      const systems = await store.countSystems({});
      assert.deepEqual(
        systems.map(({ computers }) => computers),
        [4, 1],
      );
      assert.match(systems[1]?.system ?? '', /^Windows 11/);
      const agents = await store.countAgents({ groupIds: [pilot] });
      assert.equal(
        agents.reduce((sum, { computers }) => sum + computers, 0),
        3,
      );
      assert.ok(agents.some(({ version }) => version === '7.9.0.1'));
      using _bound = overrideBounds(fleetReads, { maxRows: 1 });
      assert.deepEqual(
        (await store.countSystems({})).map(({ system, computers }) => [system, computers]),
        [
          ['', 4],
          ['', 1],
        ],
      );
      const { items, unknown } = await store.countConnectedHours({});
      assert.deepEqual(
        [items.map(({ from, to }) => `${from}-${to}`).join(), unknown],
        ['0-1,1-2,2-4,4-8,8-16,16-24', 5],
      );
    });

    it('a day is noted if it differs from the one before, read day by day, and goes after its time', async () => {
      const at = (days: number) => new Date(now.getTime() + days * day);
      const note = (days: number, keptDays = 1000) =>
        store.noteGroupDay({ now: at(days), silentSince: at(days - 30), keptDays });
      assert.equal(await note(0), 4, 'All Computers, Unassigned Computers, Pilot and Lab');
      assert.equal(await note(0), 0);
      assert.equal(await note(1), 0, 'nothing changed since the day before');
      await store.setMembership(idOf(3), lab, false, author);
      assert.equal(await note(2), 1, 'Lab is empty, and its computer is in Pilot still');
      assert.equal(await note(1), 0, 'a clock that went back');
      const shown = async (given: { from: Date; to: Date; groupIds?: string[] }) =>
        (await store.loadGroupDays(given)).map((one) => [
          Math.round(one.day - now.getTime() / day + 0.5),
          one.computers,
        ]);
      const first = Math.round(Math.floor(now.getTime() / day) - now.getTime() / day + 0.5);
      assert.deepEqual(await shown({ from: at(-5), to: at(3), groupIds: [lab] }), [
        [first, 1],
        [first + 1, 1],
        [first + 2, 0],
        [first + 3, 0],
      ]);
      assert.deepEqual(await shown({ from: at(1), to: at(1) }), [[first + 1, 5]], 'All Computers');
      const own = await store.within([lab]);
      assert.deepEqual(await own.loadGroupDays({ from: at(0), to: at(9), groupIds: [pilot] }), []);
      assert.deepEqual(await own.loadGroupDays({ from: at(0), to: at(9) }), []);
      // Everybody has been silent for a month by now: each group differs. The newest row before the kept days stays.
      await note(60, 10);
      const lasting = await shown({ from: at(-5), to: at(60), groupIds: [lab] });
      assert.deepEqual([lasting.length, lasting[0]], [59, [first + 2, 0]]);
      await store.setMembership(idOf(3), lab, true, author);
    });

    it('connected hours are those of the days since the first contact', async () => {
      // Here for an hour on each of ten days: check-ins half an hour apart.
      await contact(store, 6, 'pc-06', start);
      for (let number = 0; number < 10; number++)
        for (const half of [0, 1, 2]) {
          const at = new Date(start + number * day + half * 1_800_000);
          await store.noteContacts(new Map([[idOf(6), { at, synced: true, reported: false }]]));
          await store.noteRhythms();
        }
      // The night between two days counts as six hours at most: rings count so.
      const { items } = await store.countConnectedHours({});
      assert.deepEqual(
        items.filter(({ computers }) => computers > 0),
        [{ from: 4, to: 8, computers: 1 }],
      );
    });
  });
}
