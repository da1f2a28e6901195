// Lists of computers, updates and events as administrators ask for them, on both engines: filters, sorts, totals, and pages
// that neither skip nor repeat while rows come and go.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { describeReport } from '@moult/protocol/reporting';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../src/database.ts';
import { type Store, storeOf } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { failedReports } from '../src/migrations/0009-lists.ts';
import {
  author,
  category,
  contact,
  day,
  decision,
  idOf,
  importAll,
  register,
  report,
  security,
  start,
  update,
  updateOf,
  windows,
  windows11,
} from './list-facts.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`lists (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: Database;
    let store: Store;
    let now = start;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      database = await openDatabase((await postgres?.createDatabase()) ?? ':memory:');
      await migrate(database, new Date(start));
      store = storeOf(database, () => new Date(now));
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
    });

    it('of computers go on behind the last one that was shown, whatever comes and goes meanwhile', async () => {
      for (let number = 0; number < 25; number++) await contact(store, number, `pc-${String(number).padStart(2, '0')}`);
      const first = await store.pageComputers({}, { limit: 10 });
      assert.deepEqual([first.items.length, first.total, first.items[0]?.dnsName], [10, 25, 'pc-00']);
      // One that was shown goes, one comes before the cursor, one behind it.
      await store.removeComputer(idOf(3), author);
      await contact(store, 30, 'pc-00a');
      await contact(store, 31, 'pc-24a');
      const second = await store.pageComputers({}, { limit: 10, cursor: first.next });
      assert.deepEqual(
        second.items.map(({ dnsName }) => dnsName),
        Array.from({ length: 10 }, (_, at) => `pc-${at + 10}`),
      );
      const third = await store.pageComputers({}, { limit: 10, cursor: second.next });
      assert.deepEqual(
        [third.items.at(-1)?.dnsName, third.items.length, third.next, third.total],
        ['pc-24a', 6, undefined, 26],
      );
      const all = await store.pageComputers({}, { limit: undefined });
      assert.deepEqual([all.items.length, all.next], [26, undefined]);
    });

    it('take each sort through all pages, up and down, with equal keys', async () => {
      for (const sort of [
        'name',
        'agent',
        'system',
        'last-contact',
        'last-report',
        'needed',
        'failed',
        'address',
      ] as const) {
        for (const isDescending of [false, true]) {
          const seen: string[] = [];
          for (let cursor: string | undefined; ; ) {
            const { items, next } = await store.pageComputers({}, { limit: 7, cursor, sort, isDescending });
            seen.push(...items.map(({ computerId }) => computerId));
            if (next === undefined) break;
            cursor = next;
          }
          assert.deepEqual([seen.length, new Set(seen).size], [26, 26], sort);
        }
      }
    });

    it('refuse a cursor of another list, of another sort, and any text that is none', async () => {
      const { next } = await store.pageComputers({}, { limit: 1 });
      const { next: byReport } = await store.pageComputers({}, { limit: 1, sort: 'last-report' });
      const crafted = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
      for (const cursor of [
        ...['', 'x', '%', crafted(null), crafted(5), crafted({}), crafted([]), crafted(['name']), byReport],
        ...[crafted(['name', 'a', 5]), crafted(['name', 'a\0', 'b']), crafted(['name', 'a', 'b', 'c'])],
      ]) {
        await assert.rejects(store.pageComputers({}, { limit: 1, cursor }), { code: 'SERVER_REFUSED' }, cursor);
      }
      for (const number of [1.5, 1e300, '5']) {
        const cursor = crafted(['last-report', number, 'b']);
        await assert.rejects(store.pageComputers({}, { limit: 1, cursor, sort: 'last-report' }), {
          code: 'SERVER_REFUSED',
        });
      }
      await assert.rejects(store.pageAudit({}, { limit: 1, cursor: next }), { code: 'SERVER_REFUSED' });
      await assert.rejects(store.pageUpdates({}, { limit: 1, cursor: next }), { code: 'SERVER_REFUSED' });
      // Whatever it holds is a value and never a part of the statement.
      const odd = crafted(['name', "'; drop table computers; --", '']);
      assert.equal((await store.pageComputers({}, { limit: 100, cursor: odd })).total, 26);
    });

    it('of computers are narrowed by name, group, agent, system, silence and needs', async () => {
      const group = await store.createGroup('Lab', undefined, author);
      await store.setMembership(idOf(1), group.groupId, true, author);
      await register(store, 2, { osBuildNumber: 26_200, newProductType: 48 });
      now = start + 40 * day;
      await contact(store, 4, 'pc-04', now);
      await store.recordReportingEvents(
        [report(1, [`U=${updateOf(1)}`]), report(4, [`g=${updateOf(1)}`])],
        new Date(now),
      );
      const found = async (filter: Parameters<Store['pageComputers']>[0]) => {
        const { items, total } = await store.pageComputers(filter, { limit: 100 });
        assert.equal(items.length, total);
        return items.map(({ dnsName }) => dnsName);
      };
      assert.deepEqual(
        await found({ search: 'PC-1' }),
        Array.from({ length: 10 }, (_, at) => `pc-${at + 10}`),
      );
      for (const odd of ['%', '_', '\\', "'"]) assert.deepEqual(await found({ search: odd }), [], odd);
      assert.deepEqual(await found({ groupIds: [group.groupId] }), ['pc-01']);
      const unassigned = (await store.loadGroups()).find(({ name }) => name === 'Unassigned Computers')?.groupId ?? '';
      assert.equal((await found({ groupIds: [unassigned] })).length, 25);
      assert.equal((await found({ groupIds: [unassigned, group.groupId] })).length, 26);
      assert.deepEqual(await found({ system: 'windows 11' }), ['pc-02']);
      assert.deepEqual(await found({ agent: '7.9' }), ['pc-02']);
      assert.equal((await found({ agent: 'WSUS' })).length, 26);
      assert.deepEqual(await found({ isNeeding: true }), ['pc-01']);
      assert.deepEqual(await found({ isFailing: true }), ['pc-04']);
      assert.equal((await found({ silentSince: new Date(start + 30 * day) })).length, 25);
      const { items } = await store.pageComputers({ isNeeding: true }, { limit: 1 });
      assert.deepEqual([items[0]?.needed, items[0]?.failed], [1, 0]);
      // By direct group; who is in none is in Unassigned Computers, and one in two groups counts in each.
      const other = await store.createGroup('Other', undefined, author);
      await store.setMembership(idOf(1), other.groupId, true, author);
      const counted = new Map(
        (await store.countStatesByGroup(updateOf(1))).map(({ groupId, states }) => [groupId, states]),
      );
      assert.deepEqual([...counted.keys()].sort(), [group.groupId, other.groupId, unassigned].sort());
      assert.equal(counted.get(group.groupId)?.notInstalled, 1);
      assert.equal(counted.get(other.groupId)?.notInstalled, 1);
      assert.deepEqual([counted.get(unassigned)?.failed, counted.get(unassigned)?.notInstalled], [1, 0]);
      await store.removeGroup(other.groupId, author);
    });

    it('of updates are narrowed by article, severity, classification, product with its family, and needs', async () => {
      await importAll(store, [
        category(901, 'Security Updates', 'UpdateClassification'),
        category(902, 'Windows', 'ProductFamily'),
        category(903, 'Windows 11', 'Product', `+${windows}`),
        update(1, '2026-11 Cumulative Update (KB5000001)', {
          clauses: `+${security};+${windows11}`,
          severity: 'Critical',
        }),
        update(2, 'Übersicht 100% Tool', { articles: ['890830'], clauses: `+${windows}` }),
        update(3, 'A member of a bundle', { explicitlyDeployable: false }),
        update(4, 'Later', { supersedes: [updateOf(2)] }),
      ]);
      const found = async (filter: Parameters<Store['pageUpdates']>[0]) => {
        const { items, total } = await store.pageUpdates(filter, { limit: 100 });
        assert.equal(items.length, total);
        return items.map(({ updateId }) => Number(updateId.slice(0, 8)));
      };
      assert.deepEqual(await found({}), [1, 4, 2], 'neither categories nor members of bundles');
      assert.deepEqual(await found({ article: '5000001' }), [1]);
      assert.deepEqual(await found({ article: '890830' }), [2]);
      assert.deepEqual(await found({ article: '89083' }), []);
      assert.deepEqual(await found({ severities: ['critical', 'important'] }), [1]);
      assert.deepEqual(await found({ severities: ['unspecified'] }), [4, 2]);
      assert.deepEqual(await found({ categoryIds: [[security]] }), [1]);
      assert.deepEqual(await found({ categoryIds: [[windows, windows11], [security]] }), [1]);
      assert.deepEqual(await found({ categoryIds: [[]] }), []);
      assert.deepEqual(await found({ search: 'ÜBERSICHT 100%' }), [2]);
      for (const odd of ['_', '\\', "'", '%%']) assert.deepEqual(await found({ search: odd }), [], odd);
      assert.deepEqual(await found({ title: 'later' }), [4]);
      assert.deepEqual(await found({ isSuperseded: true }), [2]);
      assert.deepEqual(await found({ isSuperseded: false }), [1, 4]);
      assert.deepEqual(await found({ isNeeded: true }), [1]);
      assert.deepEqual(await found({ isFailed: true }), [1]);
      await store.deploy({ ...decision(1), action: 'Install' }, new Date(now));
      await store.deploy({ ...decision(4), action: 'PreDeploymentCheck' }, new Date(now));
      await store.setDeclined(updateOf(2), true, author);
      assert.deepEqual(await found({ approval: 'approved' }), [1]);
      assert.deepEqual(await found({ approval: 'unapproved' }), [4], 'to report on it is no approval');
      assert.deepEqual(await found({ approval: 'declined' }), [2]);
      const [first] = (await store.pageUpdates({ article: '5000001' }, { limit: 1 })).items;
      assert.deepEqual(
        [first?.classification, first?.products, first?.severity, first?.articles, first?.needed, first?.failed],
        ['Security Updates', ['Windows 11'], 'critical', ['5000001'], 1, 1],
      );
      assert.deepEqual(
        (await store.listSupersedersOf(updateOf(2))).map(({ title }) => title),
        ['Later'],
      );
    });

    it('one number of updates means the same in the list, in the status and on the home page', async () => {
      const { total } = await store.pageUpdates({}, { limit: 1 });
      const { updates, computers } = await store.loadServerStatus();
      const home = await store.loadHomeFacts(5);
      assert.deepEqual(updates, { total: 3, approved: 1, declined: 1 });
      assert.deepEqual([home.updates, home.approved, home.declined, home.deployments], [total, 1, 1, 1]);
      const { needing, failing, silent, neverReported } = home.attention;
      assert.deepEqual(
        [needing.computers, failing.computers, silent.computers, neverReported],
        [computers.needingUpdates, computers.withErrors, computers.silent, computers.neverReported],
      );
      assert.deepEqual([needing.first[0]?.dnsName, failing.first[0]?.dnsName], ['pc-01', 'pc-04']);
      assert.equal(computers.silent, 25);
    });

    it('an update that a computer was not scanned for is unknown there, and not applicable once it was', async () => {
      const stateOn = async (number: number) => {
        const { items } = await store.pageComputers(
          { search: `pc-0${number}`, update: { updateId: updateOf(5) } },
          { limit: 1 },
        );
        return items[0]?.state;
      };
      now += day;
      await store.recordReportingEvents([report(1, [`U=${updateOf(1)}`], now)], new Date(now));
      await importAll(store, [update(5, 'Came after the scan', {})], new Date(now + day));
      const row = await database.tables
        .selectFrom('updates')
        .select('changed_at')
        .where('update_id', '=', updateOf(5))
        .executeTakeFirstOrThrow();
      now = Number(row.changed_at) + 1;
      const counts = await store.countStates(updateOf(5));
      assert.deepEqual([counts.unknown, counts.notApplicable], [26, 0]);
      assert.equal(await stateOn(1), 'unknown');
      // It was scanned before the update came, and reports only now.
      await store.recordReportingEvents([report(1, [], now - 2)], new Date(now));
      assert.equal(await stateOn(1), 'unknown');
      // With a clock that is ahead, what counts is when the server heard of it.
      await store.recordReportingEvents([report(1, [`V=${updateOf(1)}`], now + 99 * day)], new Date(now));
      await store.recordReportingEvents([report(4, [`U=${updateOf(5)}`], now)], new Date(now));
      assert.equal(await stateOn(1), 'notApplicable');
      assert.equal(await stateOn(4), 'notInstalled');
      const scanned = await store.countStates(updateOf(5));
      assert.deepEqual([scanned.unknown, scanned.notApplicable, scanned.notInstalled], [24, 1, 1]);
      const unknown = { updateId: updateOf(5), states: ['unknown' as const] };
      assert.equal((await store.pageComputers({ update: unknown }, { limit: 1 })).total, 24);
      const onComputer = await store.countStatesOn(idOf(1));
      assert.deepEqual(
        [onComputer.installed, onComputer.notApplicable, onComputer.unknown],
        [1, 2, 1],
        'one is declined',
      );
      await store.setDeclined(updateOf(5), true, { ...author, at: new Date(now + 1) });
      assert.equal(await stateOn(1), 'unknown', 'nobody is asked about a declined update');
      await store.setDeclined(updateOf(5), false, { ...author, at: new Date(now + 2) });
      assert.equal(await stateOn(1), 'unknown', 'until the next scan');
    });

    it('categories and members of bundles have no state, whatever a client says', async () => {
      await store.recordReportingEvents(
        [report(6, [`U=${security};${updateOf(3)};${updateOf(1)}`, `g=${windows}`], now)],
        new Date(now),
      );
      assert.deepEqual(
        (await store.listStatesOf(idOf(6))).map(({ updateId }) => updateId),
        [updateOf(1)],
      );
      await store.recordReportingEvents(
        [{ ...report(6, [], now), eventNumber: 182, updateId: windows }],
        new Date(now),
      );
      assert.deepEqual(
        (await store.listStatesOf(idOf(6))).map(({ updateId }) => updateId),
        [updateOf(1)],
      );
      // A state that came before its update was known to be a member.
      await store.recordReportingEvents([report(7, [`U=${updateOf(6)}`], now)], new Date(now));
      await importAll(store, [update(6, 'Another member', { explicitlyDeployable: false })]);
      assert.equal((await store.loadHomeFacts(1)).updates, 4);
      assert.deepEqual(await store.listStatesOf(idOf(7)), []);
      assert.equal(await store.recountFigures(), 0);
    });

    it('of events hold the faults of the store, however much happened since', async () => {
      const quiet = Array.from({ length: 300 }, () => ({ ...report(8, [], now), eventNumber: 147 }));
      const fault = { ...report(8, [], now), eventNumber: 161, win32HResult: -2_145_107_943, updateId: updateOf(1) };
      await store.recordReportingEvents([fault, ...quiet], new Date(now));
      const failed = await store.pageReports({ isFailed: true }, { limit: 10 });
      assert.deepEqual(
        [failed.items[0]?.eventNumber, failed.items[0]?.updateTitle],
        [161, '2026-11 Cumulative Update (KB5000001)'],
      );
      const home = await store.loadHomeFacts(40);
      assert.ok(!home.events.some(({ what }) => what === '161') && home.faults.some(({ what }) => what === '161'));
      assert.equal(home.faultCounts.reports.get(161), 1);
      for (const filter of [
        {},
        { computerId: idOf(8) },
        { updateId: updateOf(1) },
        { eventNumber: 147 },
        { isFailed: true },
      ]) {
        const all = await store.pageReports(filter, { limit: undefined });
        assert.equal(all.items.length, all.total, JSON.stringify(filter));
        const seen: number[] = [];
        for (let cursor: string | undefined; ; ) {
          const { items, next, total } = await store.pageReports(filter, { limit: 97, cursor });
          assert.equal(total, all.total);
          seen.push(...items.map(({ eventId }) => eventId));
          if (next === undefined) break;
          cursor = next;
        }
        assert.deepEqual(
          seen,
          all.items.map(({ eventId }) => eventId),
        );
      }
      assert.equal((await store.pageReports({ since: new Date(now + 1) }, { limit: 1 })).total, 0);
      assert.equal(
        (await store.pageReports({ until: new Date(now + 1) }, { limit: 1 })).total,
        (await store.pageReports({}, { limit: 1 })).total,
      );
    });

    it('the index of faults holds those that describeReport calls faults', async () => {
      const numbers = [...Array.from({ length: 600 }, (_, number) => number), 9999];
      const rows = numbers.flatMap((number) => [0, -1].map((result) => ({ number, result })));
      const values = sql.join(
        rows.map(({ number, result }) => sql`(cast(${number} as integer), cast(${result} as integer))`),
      );
      const { rows: found } = await sql<{ event_number: number; win32_hresult: number }>`
        with events (event_number, win32_hresult) as (values ${values})
        select * from events where ${sql.raw(failedReports)}`.execute(database.tables);
      const failed = new Set(found.map((row) => `${row.event_number} ${row.win32_hresult}`));
      for (const { number, result } of rows) {
        const isFailed = describeReport(number, result).outcome === 'failed';
        assert.equal(failed.has(`${number} ${result}`), isFailed, `${number} ${result}`);
      }
    });

    it('of the audit name what was changed, and are narrowed by whom and what', async () => {
      const all = await store.pageAudit({}, { limit: undefined });
      assert.equal(all.items.length, all.total);
      const decided = await store.pageAudit({ action: 'approve', actor: 'TESTER' }, { limit: 10 });
      assert.deepEqual([...new Set(decided.items.map(({ subjectName }) => subjectName))].sort(), [
        '2026-11 Cumulative Update (KB5000001)',
        'Later',
      ]);
      assert.equal((await store.pageAudit({ actor: 'nobody' }, { limit: 10 })).total, 0);
    });
  });
}
