// The figures that the database keeps are what counting everything gives, whatever happened and whoever wrote it; and what
// an administrator or the home page asks for is found without reading everything.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import pg from 'pg';
import { backUp } from '../src/backup/backup.ts';
import { restore } from '../src/backup/restore.ts';
import { type Database, openDatabase } from '../src/database.ts';
import { openStore, type ReportedEvent, type Store, storeOf } from '../src/index.ts';
import { populate } from './populate.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const start = Date.parse('2026-11-22T12:00:00Z');
const author = { name: 'tester', at: new Date(start) };
const now = () => new Date(start);
const idOf = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;
const updateOf = (number: number) => `${String(number).padStart(8, '0')}-aaaa-43c9-bac3-52d5db701494`;

/** The same numbers for the same seed: a history that fails can be run again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`figures (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());
    const newAddress = async () => (await postgres?.createDatabase()) ?? ':memory:';
    const opened = async () => {
      const address = await newAddress();
      if (postgres) await (await openStore(address, { now })).close();
      const database = await openDatabase(address);
      if (!postgres) await migrateHere(database);
      after(() => database.close());
      return { database, store: storeOf(database, now), address };
    };

    it('fit after any history', async () => {
      for (let seed = 1; seed <= (engine === 'sqlite' ? 25 : 5); seed++) {
        const { database, store } = await opened();
        const random = randomFrom(seed);
        for (let step = 0; step < 60; step++) {
          await act(store, database, random, step);
          if (step % 6 === 0) await agree(store, database, `seed ${seed}, step ${step}`);
        }
        await agree(store, database, `seed ${seed}`);
        assert.equal(await store.recountFigures(), 0, `seed ${seed}`);
        await database.close();
      }
    });

    it('and titles are there again after a restore', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'moult-figures-'));
      const file = async (name: string) => (await postgres?.createDatabase()) ?? join(folder, name);
      const [from, to] = [await file('from.sqlite'), await file('to.sqlite')];
      await using store = await openStore(from, { now });
      await populate(store);
      const source = join(folder, 'backup');
      const dataDir = folder;
      await backUp({ database: from, dataDir, target: source, version: '0', now: now() });
      // Over one that holds something else.
      await using other = await openStore(to, { now });
      await authorize(other, idOf(1));
      await other.close();
      await restore({ database: to, dataDir, source, author });
      await using restored = await openStore(to, { now });
      assert.equal(await restored.recountFigures(), 0);
      assert.deepEqual(await restored.loadServerStatus(), await store.loadServerStatus());
      assert.deepEqual(await restored.pageUpdates({}, { limit: 100 }), await store.pageUpdates({}, { limit: 100 }));
      await Promise.all([store.close(), restored.close()]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    it('that somebody changed are put right by a recount, which says of how many computers', async () => {
      const { database, store } = await opened();
      for (let step = 0; step < 40; step++) await act(store, database, randomFrom(step), step);
      await sql`update computer_figures set needed = needed + 1 where computer_id <= ${idOf(2)}`.execute(
        database.tables,
      );
      await sql`delete from computer_figures where computer_id = ${idOf(4)}`.execute(database.tables);
      assert.ok((await store.recountFigures()) > 1);
      await agree(store, database, 'after the recount');
      assert.equal(await store.recountFigures(), 0);
      await database.close();
    });

    it('of updates are right when computers report while they are added up, and a list needs no count of states', async () => {
      const { database, store, address } = await opened();
      await using other = postgres ? await openStore(address, { now }) : store;
      const misc = (computer: number, round: number) => [`U=${updateOf((computer + round) % 7)};${updateOf(20)}`];
      const reports = (of: Store, from: number) =>
        Promise.all(
          Array.from({ length: 6 }, async (_, at) => {
            for (let round = 0; round < 4; round++)
              await of.recordReportingEvents([event(idOf(from + at), 156, undefined, misc(at, round))], now());
          }),
        );
      const added = async (of: Store) => {
        for (let round = 0; round < 8; round++) await of.addUpFigures();
      };
      await Promise.all([reports(store, 1), reports(other, 50), added(store), added(other)]);
      await agree(store, database, 'meanwhile');
      assert.equal(await store.addUpFigures(), 0, 'again');
      await store.importRevisions([revisionOf(20, 1, 'Update A', 'Software'), revisionOf(21, 1, 'B', 'Driver')], now());
      const plans = await explained(database, async () => {
        const page = await store.pageUpdates({}, { limit: 5, sort: 'needed', isDescending: true });
        assert.deepEqual(
          page.items.map(({ title, needed, failed }) => [title, needed, failed]),
          [
            ['Update A', 12, 0],
            ['B', 0, 0],
          ],
        );
        assert.equal((await store.pageUpdates({ isNeeded: true }, { limit: 5 })).total, 1);
      });
      assert.doesNotMatch(plans, /computer_update_status/);
      if (other !== store) await other.close();
      await database.close();
    });

    it('events about an update are those about it, newest first, wherever they lie', async () => {
      const { database, store } = await opened();
      const random = randomFrom(7);
      const computers = Array.from({ length: 9 }, (_, number) => idOf(number));
      for (const id of computers) await authorize(store, id);
      for (let batch = 0; batch < 70; batch++) {
        const events = Array.from({ length: 180 }, () => {
          // One is rare, some are frequent, some events are about none.
          const number = random(400) === 0 ? 99 : random(4);
          return event(computers[random(9)] ?? '', 183, number === 0 ? undefined : updateOf(number));
        });
        await store.recordReportingEvents(events, new Date(start + batch));
        if (batch === 30 || batch === 50) while (await store.noteEventBlock());
        if (batch === 40) await store.removeOldEvents(new Date(start + 25), 100_000);
      }
      for (const updateId of [updateOf(1), updateOf(99), updateOf(5)]) {
        for (const limit of [3, 1000, 100_000]) {
          const { rows } = await sql<{ instance_id: string }>`select instance_id from reporting_events
            where update_id = ${updateId} order by event_id desc limit ${limit}`.execute(database.tables);
          const found = await store.listReportingEvents({ updateId, limit });
          assert.deepEqual(
            found.map(({ instanceId }) => instanceId),
            rows.map(({ instance_id }) => instance_id),
          );
        }
      }
      await database.close();
    });

    it('titles are those of the newest revisions, in whatever order they came, found by any part in any case', async () => {
      const { database, store } = await opened();
      const add = (number: number, revision: number, title: string, type = 'Software') =>
        store.importRevisions([revisionOf(number, revision, title, type)], now());
      await add(1, 2, 'Größe 50% of_it');
      await add(1, 1, 'older');
      await add(2, 1, 'Update B', 'Driver');
      await add(3, 1, 'Update A');
      await add(3, 3, 'UPDATE a2');
      await add(4, 1, 'Update category', 'Category');
      const titlesOf = async (search?: string, limit = 10) =>
        (await store.pageUpdates({ search }, { limit })).items.map(({ title }) => title);
      assert.deepEqual(new Set(await titlesOf()), new Set(['Größe 50% of_it', 'UPDATE a2', 'Update B']));
      assert.deepEqual(new Set(await titlesOf('uPDATE')), new Set(['UPDATE a2', 'Update B']));
      for (const search of ['GRÖSSE'.replace('SS', 'ß'), '50%', 'f_i', 'röß', 'ö'])
        assert.deepEqual(await titlesOf(search), ['Größe 50% of_it'], search);
      assert.deepEqual(await titlesOf('5_%'), []);
      assert.equal((await titlesOf('upd', 1)).length, 1);
      const many = Array.from({ length: 2300 }, (_, number) =>
        revisionOf(100 + number, 1, `Same ${number < 2200 ? 'title' : 'tätle'}`, 'Software'),
      );
      await store.importRevisions(many, now());
      assert.equal((await titlesOf('tätle', 5000)).length, 100, 'beyond the first page of those that may fit');
      assert.equal(
        new Set((await store.pageUpdates({}, { limit: 5000 })).items.map(({ updateId }) => updateId)).size,
        2303,
      );
      await database.close();
    });

    it('the plans of what is asked often read no table as a whole that grows with events, states or documents', async () => {
      const address = await newAddress();
      if (postgres) {
        await (await openStore(address, { now })).close();
        await fillLikeAServer(address);
      }
      await using database = await openDatabase(address);
      if (!postgres) await migrateHere(database);
      const store = storeOf(database, now);
      if (!postgres) {
        const events = Array.from({ length: 200 }, (_, number) => event(idOf(number), 183, updateOf(number % 9)));
        for (let batch = 0; batch < 45; batch++) {
          const fresh = events.map((one) => ({ ...one, instanceId: crypto.randomUUID() }));
          await store.recordReportingEvents(fresh, now());
        }
        while (await store.noteEventBlock());
        await store.importRevisions([revisionOf(1, 1, 'Update A (KB2200007)', 'Software')], now());
      }
      await store.readUpdateFacts();
      if (postgres) await sql`vacuum analyze update_titles`.execute(database.tables);
      const plansOf = (work: () => Promise<unknown>) => explained(database, work);
      const byUpdate = await plansOf(() => store.listReportingEvents({ updateId: updateOf(3), limit: 100 }));
      const byComputer = await plansOf(() => store.listReportingEvents({ computerId: idOf(3), limit: 100 }));
      const search = await plansOf(() => store.pageUpdates({ search: '2200007' }, { limit: 100 }));
      const list = await plansOf(() => store.pageUpdates({}, { limit: 100 }));
      const status = await plansOf(() => store.loadServerStatus());
      const audit = await plansOf(() => store.listAudit({ limit: 10, subject: 'x' }));
      if (engine === 'sqlite') {
        for (const plan of [byUpdate, byComputer])
          assert.doesNotMatch(plan, /SCAN (?:event|reporting_events)\b(?! USING)/);
        assert.match(byUpdate, /SEARCH event USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/);
        assert.match(byUpdate, /SEARCH about (?:EXISTS )?USING PRIMARY KEY \(block=\? AND update_id=\?\)/);
        assert.match(byComputer, /SEARCH event USING INDEX sqlite_autoindex_reporting_events_1 \(computer_id=\?\)/);
        for (const plan of [search, list]) assert.match(plan, /SCAN one USING INDEX update_titles_by_beginning/);
        assert.match(audit, /SEARCH audit USING INDEX audit_by_subject/);
      } else {
        assert.match(byUpdate, /Scan (?:Backward using|on) reporting_events_by_update/);
        assert.match(byComputer, /Scan (?:using|on) reporting_events_once/);
        assert.match(search, /Bitmap Index Scan on update_titles_by_part/);
        assert.match(list, /Index (?:Only )?Scan using update_titles_by_beginning/);
        assert.match(audit, /audit_by_subject/);
      }
      assert.equal(await store.findsTitlesByIndex(), true);
      assert.match(status, /computer_figures/);
      assert.doesNotMatch(status, /computer_update_status|reporting_events|computers\b/);
      for (const plan of [search, list]) assert.doesNotMatch(plan, /Seq Scan on revisions|SCAN revisions/);
      assert.doesNotMatch(search, /Seq Scan on update_titles/);
    });
  });
}

async function migrateHere(database: Database): Promise<void> {
  const { migrate } = await import('../src/migrate.ts');
  await migrate(database, now());
}

function authorize(store: Store, computerId: string): Promise<void> {
  const computer = { computerId, dnsName: `pc-${computerId}`, address: '192.0.2.7', requestedGroups: [] };
  return store.noteAuthorization({ ...computer, at: new Date(start) }, { assign: false });
}

function event(computerId: string, eventNumber: number, updateId?: string, miscData: string[] = []): ReportedEvent {
  return {
    ...{ instanceId: crypto.randomUUID(), computerId, timeAtTarget: new Date(start), namespaceId: 1, eventNumber },
    ...{ sourceId: 101, updateId, revisionNumber: 1, win32HResult: 0, appName: '', replacementStrings: [], miscData },
  };
}

function revisionOf(number: number, revisionNumber: number, title: string, updateType: string) {
  const updateId = updateOf(number);
  const summary = {
    ...{ updateId, revisionNumber, updateType, explicitlyDeployable: true, isExpired: false },
    ...{ clauses: '', more: undefined },
  } as never;
  const texts = { xml: '<a/>', core: '<a/>', extended: '<a/>' };
  return { updateId, revisionNumber, updateType, categoryType: undefined, title, ...texts, summary, files: [] };
}

/** One of all that changes what is counted, also as an older version writes it. */
async function act(store: Store, database: Database, random: (below: number) => number, step: number): Promise<void> {
  const id = idOf(random(6));
  const at = new Date(start + step * 1000);
  const some = (from: number) =>
    Array.from({ length: random(4) }, () => updateOf(from + random(5)))
      .filter((one, place, all) => all.indexOf(one) === place)
      .join(';');
  const report = (): ReportedEvent => {
    const number = [156, 156, 182, 147, 183][random(5)] ?? 147;
    const misc = number === 156 ? [`U=${some(0)}`, `h=${some(2)}`, `g=${some(3)}`, `W=${some(4)}`, `V=${some(1)}`] : [];
    return event(id, number, number === 182 ? updateOf(random(6)) : undefined, misc);
  };
  const acts: (() => Promise<unknown>)[] = [
    () => authorize(store, id),
    () => store.noteContacts(new Map([[id, { at, synced: true, reported: random(2) === 0 }]])),
    async () => {
      const batch = Array.from({ length: 1 + random(4) }, report);
      await store.recordReportingEvents(batch, at);
      // A client that had no answer sends it again.
      if (random(3) === 0) await store.recordReportingEvents(batch, at);
    },
    () => store.recordReportingEvents([report()], at),
    () => store.removeComputer(id, author).catch(({ code }) => assert.equal(code, 'SERVER_NOT_FOUND')),
    () => store.removeOldEvents(new Date(start + random(step + 1) * 1000), 1 + random(6)),
    () => store.trimEventsOf(id, { events: random(4), bytes: 1_000_000 }),
    () =>
      store.ageComputers({
        ...{ after: '', count: 1 + random(3), strangersBefore: at, onceBefore: at, silentBefore: undefined },
        groupsKeep: false,
      }),
    () =>
      sql`update computer_update_status set state = ${random(7)} where update_id = ${updateOf(random(6))}`.execute(
        database.tables,
      ),
    () => sql`delete from computer_update_status where update_id = ${updateOf(random(9))}`.execute(database.tables),
    () => sql`update computers set last_report = null where computer_id = ${id}`.execute(database.tables),
    () => sql`delete from reporting_events where event_number = ${random(2) ? 147 : 183}`.execute(database.tables),
  ];
  await acts[random(acts.length)]?.();
}

/** What the store answers is what a count of everything gives, on the home page as in the status. */
async function agree(store: Store, { tables }: Database, when: string): Promise<void> {
  const { rows } = await sql<Record<string, number>>`
    select (select count(*) from computers) as total,
      (select count(*) from computers where last_report is null) as silent,
      (select count(*) from reporting_events) as events,
      (select count(distinct computer_id) from computer_update_status where state in (2, 3, 6)) as needing,
      (select count(distinct computer_id) from computer_update_status where state = 5) as failing`.execute(tables);
  const counted = Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
  const status = await store.loadServerStatus();
  const { total, neverReported, needingUpdates, withErrors } = status.computers;
  const kept = { total, silent: neverReported, events: status.events, needing: needingUpdates, failing: withErrors };
  assert.deepEqual(kept, counted, when);
  await store.addUpFigures();
  const figures = (from: RawBuilder<unknown>) =>
    sql`select update_id, cast(sum(needed) as integer) as needed, cast(sum(failed) as integer) as failed from ${from}
      group by update_id having sum(needed) <> 0 or sum(failed) <> 0 order by update_id`.execute(tables);
  const states = sql`(select update_id, case when state in (2, 3, 6) then 1 else 0 end as needed,
    case when state = 5 then 1 else 0 end as failed from computer_update_status) as found`;
  assert.deepEqual((await figures(sql`update_figures`)).rows, (await figures(states)).rows, when);
  assert.equal((await store.loadHomeFacts(1)).computers, total, when);
  assert.equal((await store.countGroups()).find(({ name }) => name === 'All Computers')?.computers, total, when);
}

/** How the engine goes about every statement that `work` runs outside of a transaction. */
async function explained({ tables, engine }: Database, work: () => Promise<unknown>): Promise<string> {
  const heard: { sql: string; parameters: readonly unknown[] }[] = [];
  const executor = tables.getExecutor();
  const run = executor.executeQuery.bind(executor);
  executor.executeQuery = ((query: CompiledQuery) => {
    heard.push(query);
    return run(query as never);
  }) as typeof executor.executeQuery;
  try {
    await work();
  } finally {
    executor.executeQuery = run;
  }
  const plans: string[] = [];
  for (const query of heard) {
    const explain = engine === 'sqlite' ? 'explain query plan' : 'explain';
    const { rows } = await tables.executeQuery(CompiledQuery.raw(`${explain} ${query.sql}`, [...query.parameters]));
    plans.push(...rows.map((row) => Object.values(row as object).join(' ')));
  }
  return plans.join('\n');
}

/** Enough for the planner of PostgreSQL to care. */
async function fillLikeAServer(address: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  const id = (number: string) => `lpad((${number})::text, 8, '0') || '-5601-43c9-bac3-52d5db701494'`;
  const update = (number: string) => `lpad((${number})::text, 8, '0') || '-aaaa-43c9-bac3-52d5db701494'`;
  await client.query(`insert into updates select ${update('n')}, 0, 0 from generate_series(1, 20000) as s (n)`);
  await client.query(`insert into revisions (update_id, revision_number, update_type, title, document, document_bytes,
      core, extended, imported_at)
    select ${update('n')}, 1, 'Software', 'Security Update for Product ' || n || ' (KB' || n + 2200000 || ')', '', 0, '', '', 1
    from generate_series(1, 20000) as s (n)`);
  await client.query(`insert into reporting_events (instance_id, computer_id, received_at, time_at_target, namespace_id,
      event_number, source_id, update_id, revision_number, win32_hresult, app_name, replacement_strings, misc_data)
    select n, ${id('n % 5000')}, n, n, 1, 183, 101, ${update('n % 900')}, 1, 0, '', '[]', '[]'
    from generate_series(1, 50000) as s (n)`);
  await client.query(`insert into audit (occurred_at, actor, action, subject)
    select n, 'a', 'do', n::text from generate_series(1, 3000) as s (n)`);
  await client.query('vacuum analyze');
  await client.end();
}
