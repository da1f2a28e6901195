// What one anonymous client can leave behind, on both engines: every text has its bound, and so has everything that is made
// of them. Rows of before there were bounds hurt no list either.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clientWebService } from '@moult/protocol/client-web-service';
import { readCall } from '@moult/protocol/soap';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../store/src/database.ts';
import { keptBounds, textBytes } from '../../store/src/declared-bounds.ts';
import { type ReportedEvent, type Store, storeOf, unassignedComputers } from '../../store/src/index.ts';
import { migrate } from '../../store/src/migrate.ts';
import { migrations } from '../../store/src/migrations/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { composeHome } from '../src/sites/console/compose-home.ts';

const author = { name: 'tester', at: new Date('2026-11-22T12:00:00Z') };
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
const bounds = { namesPerComputer: 4, statesPerComputer: 10, eventBytes: 4096 };
/** Three bytes each, and two of UTF-16 for every second one. */
const huge = '€\u{1f600}"\\'.repeat(100_000);

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`what strangers leave behind (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let database: Database;
    let store: Store;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await database?.close();
      await postgres?.stop();
    });
    let address = ':memory:';
    const openNew = async () => {
      if (postgres) address = await postgres.createDatabase();
      return openDatabase(address);
    };
    beforeEach(async () => {
      await database?.close();
      database = await openNew();
      await migrate(database, author.at);
      store = storeOf(database, () => author.at, bounds);
    });
    const secondsLater = (seconds: number) => new Date(author.at.getTime() + seconds * 1000);
    const authorize = (dnsName: string, at = author.at, id = computerId) =>
      store.noteAuthorization(
        { computerId: id, dnsName, address: '192.0.2.7', requestedGroups: [], at },
        { assign: false },
      );
    /** The longest text in a table, in bytes, and its rows. */
    const measure = async (table: string) => {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(database.tables);
      const texts = rows.flatMap((row) => Object.values(row).filter((value) => typeof value === 'string'));
      return { rows: rows.length, longest: Math.max(0, ...texts.map((text) => Buffer.byteLength(text))) };
    };

    it('names, groups and facts of a computer are cut at a character, with a mark', async () => {
      const requestedGroups = Array.from({ length: 500 }, (_, at) => `${at}${huge}`);
      await store.noteAuthorization(
        { computerId, dnsName: huge, address: huge, requestedGroups, at: author.at },
        { assign: true },
      );
      const facts = { agentVersion: huge, osVersion: huge, osDescription: huge, architecture: huge };
      const registration = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`fact ${at}`, huge]));
      const named = { computerId, dnsName: huge, address: huge, at: author.at };
      await store.registerComputer({ ...named, ...facts, manufacturer: huge, model: huge, registration });
      const { longest } = await measure('computers');
      assert.ok(longest <= textBytes.registration, `${longest} bytes`);
      const [computer] = await store.listComputers({ limit: 1 });
      assert.match(computer?.dnsName ?? '', /^€\u{1f600}"\\€.*…$/u);
      assert.ok(Buffer.byteLength(computer?.dnsName ?? '') <= textBytes.name);
      assert.ok(Buffer.byteLength(computer?.osDescription ?? '') <= textBytes.fact);
    });

    it('what a real client registers is kept whole', async () => {
      const info = realRegistration();
      const said = { manufacturer: String(info.computerManufacturer), model: String(info.computerModel) };
      await store.registerComputer({
        ...{ computerId, dnsName: String(info.dnsName), address: '', agentVersion: '1', osVersion: '10.0', ...said },
        ...{ osDescription: String(info.osDescription), architecture: 'AMD64', registration: info, at: author.at },
      });
      const [found] = await store.findComputers(computerId);
      assert.deepEqual(found?.registration, JSON.parse(JSON.stringify(info)));
      assert.equal(found?.osDescription, info.osDescription);
    });

    it('an event is kept within its bound, by bytes and by number; an ordinary one is kept whole', async () => {
      const many = Array.from({ length: 5000 }, (_, at) => `line ${at}`);
      const ordinary = event(147, { replacementStrings: ['3', 'größe'], miscData: ['U=a', 'x'.repeat(1000)] });
      await store.recordReportingEvents(
        [
          event(147, { appName: huge, replacementStrings: [huge, huge], miscData: [huge, ...many] }),
          event(147, { replacementStrings: many, miscData: many }),
          event(147, { replacementStrings: ['a\0b'], miscData: ['\ud800'] }),
          ordinary,
        ],
        author.at,
      );
      const { longest, rows } = await measure('reporting_events');
      assert.equal(rows, 4);
      assert.ok(longest <= 2 * bounds.eventBytes, `${longest} bytes`);
      const [kept, odd, counted] = await store.listReportingEvents({ limit: 10 });
      assert.deepEqual([kept?.replacementStrings, kept?.miscData], [ordinary.replacementStrings, ordinary.miscData]);
      assert.deepEqual([odd?.replacementStrings, odd?.miscData], [['a\ufffdb'], ['\ufffd']]);
      const lines = counted?.replacementStrings ?? [];
      assert.ok(lines.length <= keptBounds.stringsPerEvent + 1);
      assert.equal(lines.at(-1), `… ${5000 - lines.length + 1} more`);
    });

    it('of one computer no more states are kept than the bound, whichever way they come', async () => {
      const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      const listed = Array.from({ length: 100 }, (_, number) => idOf(number)).join(';');
      await store.recordReportingEvents([event(156, { miscData: [`U=${listed}`] })], author.at);
      assert.equal((await store.listStatesOf(computerId)).length, bounds.statesPerComputer);
      const failures = Array.from({ length: 50 }, (_, number) =>
        event(182, { updateId: idOf(number), timeAtTarget: secondsLater(number) }),
      );
      await store.recordReportingEvents(failures, author.at);
      const states = await store.listStatesOf(computerId);
      assert.equal(states.length, bounds.statesPerComputer);
      assert.ok(
        states.every(({ state }) => state === 'failed'),
        'what is known is marked all the same',
      );
    });

    it('status pings are cut', async () => {
      await store.recordSelfUpdateEvents([
        {
          ...{ receivedAt: author.at, occurredAt: author.at, computerId, address: huge, userAgent: huge },
          ...{ component: huge, activity: huge, item: huge, device: huge, platform: huge, language: huge },
          ...{ status: huge, resultCode: '00000000', message: `\0${huge}`, agentGeneration: 'sus' },
          agentVersion: undefined,
        },
      ]);
      assert.ok((await measure('self_update_events')).longest <= textBytes.pingField);
    });

    it('a computer that calls itself by a thousand names keeps few, and is marked; its changes are few too', async () => {
      for (let number = 0; number < 60; number++) await authorize(`name-${number}`, secondsLater(number));
      assert.equal((await measure('computer_names')).rows, bounds.namesPerComputer);
      assert.equal((await measure('identity_changes')).rows, keptBounds.changesPerComputer);
      const [computer] = await store.listComputers({ limit: 1 });
      assert.equal(computer?.identityChanges, 59);
      assert.equal(computer?.sharedAt, undefined, 'no name came back');
      assert.deepEqual(await store.countIdentityChanges(author.at), { shared: 0, changed: 1 });
      await authorize('name-58', secondsLater(100));
      assert.deepEqual(await store.countIdentityChanges(author.at), { shared: 1, changed: 1 });
      const [newest] = await store.listIdentityChanges({ limit: 1 });
      const { before: was, after: is, aspect } = newest ?? {};
      assert.deepEqual([aspect, was, is], ['name', 'name-59', 'name-58']);
    });

    it('other hardware and an older system are marked, an upgrade is not, and two that take turns share', async () => {
      const machine = { manufacturer: 'A', model: 'One', architecture: 'AMD64', osVersion: '10.0.19045' };
      const register = (changes: Partial<typeof machine>, at: number) =>
        store.registerComputer({
          ...{ computerId, dnsName: 'a', address: '', agentVersion: '1', osDescription: '', registration: {} },
          ...{ ...machine, ...changes, at: secondsLater(at) },
        });
      const changes = async () =>
        (await store.listIdentityChanges({ computerId, limit: 10 })).map((one) => [one.aspect, one.before, one.after]);
      await register({}, 0);
      await register({}, 1);
      await register({ osVersion: '10.0.26100' }, 2);
      assert.deepEqual(await changes(), []);
      await register({ osVersion: '10.0.9999' }, 3);
      assert.deepEqual(await changes(), [['system', '10.0.26100', '10.0.9999']]);
      await register({ model: 'Two', osVersion: '10.0.9999' }, 4);
      assert.deepEqual((await changes())[0], ['hardware', 'A, One, AMD64', 'A, Two, AMD64']);
      assert.equal((await store.countIdentityChanges(author.at)).shared, 0);
      await register({ osVersion: '10.0.9999' }, 5);
      assert.equal((await store.countIdentityChanges(author.at)).shared, 1, 'the first machine is back');
    });

    it('a removed computer takes everything along, also one of which only events are there', async () => {
      const counts = async () => {
        const tables = ['computers', 'computer_names', 'identity_changes', 'computer_groups', 'computer_update_status'];
        const all = [...tables, 'reporting_events', 'self_update_events'];
        return Promise.all(all.map(async (table) => (await measure(table)).rows));
      };
      await store.createGroup('Lab', undefined, author);
      await authorize('a');
      await authorize('b', secondsLater(1));
      await store.setMembership(computerId, 'Lab', true, author);
      const updateId = '00000000-0000-4000-8000-000000000001';
      const events = Array.from({ length: 4500 }, () => event(147));
      await store.recordReportingEvents([...events, event(182, { updateId })], author.at);
      await store.recordSelfUpdateEvents([ping()]);
      const other = '11111111-5601-43c9-bac3-52d5db701494';
      await store.recordReportingEvents([event(147, { computerId: other })], author.at);
      assert.deepEqual(await store.removeComputer(computerId, author), { dnsName: 'b', events: 4502 });
      assert.deepEqual(await counts(), [0, 0, 0, 0, 0, 1, 0]);
      assert.deepEqual(await store.removeComputer(other, author), { dnsName: '', events: 1 });
      assert.deepEqual(await counts(), [0, 0, 0, 0, 0, 0, 0]);
      await assert.rejects(store.removeComputer(other, author), { code: 'SERVER_NOT_FOUND' });
      const [record] = await store.listAudit({ limit: 1 });
      assert.deepEqual([record?.action, record?.subject], ['remove computer', other]);
    });

    it('who moves between groups with each call fills no record', async () => {
      for (const name of ['Lab', 'Web']) await store.createGroup(name, undefined, author);
      const move = (group: string, at: Date) =>
        store.noteAuthorization(
          { computerId, dnsName: 'a', address: '', requestedGroups: [group], at },
          { assign: true },
        );
      for (let turn = 0; turn < 50; turn++) await move(turn % 2 ? 'Lab' : 'Web', secondsLater(turn));
      assert.equal((await store.listAudit({ limit: 100, subject: computerId })).length, 10);
      assert.deepEqual((await store.listComputers({ limit: 1 }))[0]?.groups, ['Lab'], 'it is moved all the same');
      await move('Web', secondsLater(7200));
      assert.equal((await store.listAudit({ limit: 100, subject: computerId })).length, 11);
    });

    it('rows of before there were bounds are cut where they are read', async () => {
      const text = 'x'.repeat(3_000_000);
      await authorize('a');
      await database.tables
        .updateTable('computers')
        .set({ os_description: text, requested_groups: text, registration: JSON.stringify({ text }), registered_at: 1 })
        .execute();
      await store.recordReportingEvents([event(147)], author.at);
      const strings = JSON.stringify([text]);
      await database.tables
        .updateTable('reporting_events')
        .set({ app_name: text, replacement_strings: strings, misc_data: strings })
        .execute();
      await store.recordSelfUpdateEvents([ping()]);
      await database.tables.updateTable('self_update_events').set({ item: text, message: text }).execute();
      const lists = [
        await store.listComputers({ limit: 10 }),
        await store.findComputers(computerId),
        await store.findListedComputer(computerId),
        await store.listReportingEvents({ limit: 10 }),
        await store.listReports(computerId, 10),
        await store.listSelfUpdateEvents({ limit: 10 }),
        await store.loadHomeFacts(40),
      ];
      for (const [at, list] of lists.entries()) assert.ok(JSON.stringify(list).length < 40_000, `list ${at}`);
    });

    it('the home page stays below 200 kB whatever they are called, and counts what it does not tell', async () => {
      for (let number = 0; number < 100; number++) {
        const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
        const name = `\u202e\u001b${'"\\\u0001'.repeat(100)}${number}`;
        await store.registerComputer({
          ...{ computerId: id, dnsName: name, address: name, agentVersion: `${number}${'\u202e'.repeat(500)}` },
          ...{ osVersion: name, osDescription: name, architecture: name, manufacturer: name, model: name },
          ...{ registration: {}, at: author.at },
        });
      }
      const strings = Array.from({ length: 1000 }, () => '\u202e"\\'.repeat(1000));
      const reports = Array.from({ length: 100 }, () => event(147, { replacementStrings: strings, miscData: strings }));
      await store.recordReportingEvents(reports, author.at);
      const item = '\u202e'.repeat(512);
      await store.recordSelfUpdateEvents(Array.from({ length: 100 }, () => ({ ...ping(), item, agentVersion: item })));
      const health = { ports: [], releases: [] };
      const server = { version: '0.1.0', startedAt: author.at, addresses: [] };
      const home = composeHome(await store.loadHomeFacts(40), health, server, author.at);
      const text = JSON.stringify(home);
      assert.ok(Buffer.byteLength(text) < 200_000, `${Buffer.byteLength(text)} bytes`);
      assert.ok(Buffer.byteLength(text) > 50_000, 'it was tried');
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
      const [wsus] = home.computers.generations;
      assert.deepEqual(
        [wsus?.computers, wsus?.versions.length, wsus?.others],
        [101, 20, { versions: 81, computers: 81 }],
      );
      assert.equal(home.computers.total, 101);
    });

    it('lists of clones, marks and computers go along an index', async () => {
      // On tables as small as these PostgreSQL would read them whole; the setting counts for new connections.
      if (engine === 'postgres') await sql`alter role moult set enable_seqscan = off`.execute(database.tables);
      const other = engine === 'postgres' ? await openDatabase(address) : database;
      try {
        const asked = storeOf(other, () => author.at);
        const since = new Date(5);
        for (const [work, index] of [
          [() => asked.countIdentityChanges(since), /computers_by_sharing[\s\S]*computers_by_identity_change/],
          [() => asked.listClones(since, 10), /computers_by_sharing|computers_pkey|sqlite_autoindex_computers/],
          [() => asked.listIdentityChanges({ limit: 5 }), /identity_changes_by_time/],
          [
            () => asked.listIdentityChanges({ computerId, limit: 5 }),
            /identity_changes_(by_time|pkey)|autoindex_identity/,
          ],
          [() => asked.listComputers({ limit: 5 }), /computers_sorted_by_name/],
          [() => asked.listComputers({ groupId: unassignedComputers, limit: 5 }), /computers_sorted_by_name/],
        ] as const) {
          assert.match(await planOf(other, work), index);
        }
        const events = await planOf(other, () => asked.removeComputer(computerId, author).catch(() => undefined));
        assert.doesNotMatch(events, /SCAN (reporting|self_update)_events|Seq Scan on (reporting|self_update)_events/);
      } finally {
        if (other !== database) await other.close();
      }
    });

    it('a computer with 20,000 names of before is found as a clone in one look, and loses the names beyond the bound', async () => {
      const old = await openNew();
      try {
        await migrate(old, author.at, migrations.slice(0, 4));
        const named = { dns_name: 'a', address: '', requested_groups: '' };
        const ids = [computerId, '11111111-5601-43c9-bac3-52d5db701494'];
        for (const id of ids) {
          const row = { computer_id: id, ...named, first_contact: 1, last_contact: 1 };
          await old.tables
            .insertInto('computers')
            .values(row as never)
            .execute();
        }
        // One is called by all at a time, the other by one after the other.
        for (let start = 0; start < 20_000; start += 1000) {
          const rows = Array.from({ length: 1000 }, (_, index) => {
            const number = start + index;
            const name = { name_key: `n${number}`, dns_name: `n${number}`, address: '', times_seen: 1 };
            const at = number * 10;
            return [
              { computer_id: ids[0] ?? '', ...name, first_seen: 1, last_seen: 1_000_000 + number },
              { computer_id: ids[1] ?? '', ...name, first_seen: at, last_seen: at + 5 },
            ];
          }).flat();
          await old.tables.insertInto('computer_names').values(rows).execute();
        }
        const started = performance.now();
        await migrate(old, author.at);
        const upgraded = storeOf(old, () => author.at);
        const clones = await upgraded.listClones(new Date(0));
        // Each with each, these took longer than the time that a test has.
        assert.ok(performance.now() - started < 20_000, `${Math.round(performance.now() - started)} ms`);
        assert.deepEqual(
          clones.map((one) => [one.computerId, one.names.length, one.names[0]?.dnsName]),
          [[computerId, 16, 'n19999']],
        );
        assert.deepEqual(await upgraded.listClones(new Date(2_000_000)), []);
      } finally {
        await old.close();
      }
    });
  });
}

/** How the database goes about the statements that `work` runs. */
async function planOf({ engine, tables }: Database, work: () => Promise<unknown>): Promise<string> {
  const executor = tables.getExecutor();
  const run = executor.executeQuery.bind(executor);
  const statements: Parameters<typeof run>[0][] = [];
  executor.executeQuery = (statement, ...rest) => {
    statements.push(statement);
    return run(statement, ...rest);
  };
  await work();
  executor.executeQuery = run;
  const explain = engine === 'sqlite' ? 'explain query plan' : 'explain';
  const plans = statements
    .filter(({ sql: text }) => /^\s*(select|delete)/i.test(text))
    .map((statement) => run({ ...statement, sql: `${explain} ${statement.sql}` }));
  const rows = (await Promise.all(plans)).flatMap((plan) => plan.rows);
  return rows.map((row) => JSON.stringify(row)).join('\n');
}

function event(eventNumber: number, changes: Partial<ReportedEvent> = {}): ReportedEvent {
  return {
    ...{ instanceId: crypto.randomUUID(), computerId, timeAtTarget: author.at, namespaceId: 1, eventNumber },
    ...{ sourceId: 101, updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '' },
    ...{ replacementStrings: [], miscData: [], ...changes },
  };
}

function ping() {
  return {
    ...{ receivedAt: author.at, occurredAt: author.at, computerId, address: '192.0.2.7', userAgent: '' },
    ...{ component: 'au', activity: 's', item: '', device: '', platform: '', language: '', status: 's' },
    ...{ resultCode: '00000000', message: '', agentGeneration: 'wsus' as const, agentVersion: undefined },
  };
}

/** What Windows 11 said of itself (captures). */
function realRegistration(): Record<string, unknown> {
  const file = new URL('../../../fixtures/captures/wsus-m0-native/scan/000004/request.body', import.meta.url);
  const call = readCall(clientWebService, readFileSync(fileURLToPath(file), 'utf8'));
  const { computerInfo } = call.parameters() as { computerInfo: Record<string, unknown> };
  return { ...computerInfo };
}
