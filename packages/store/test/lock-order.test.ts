// Everything that is written about computers, by several servers on one PostgreSQL at once, in any order: no deadlock comes
// about, and what a stranger's transaction gets in the way of is written all the same.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import pg from 'pg';
import { openStore, type ReportedEvent, type SelfUpdateEvent, type Store } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2026-11-22T12:00:00Z');
const author = { name: 'tester', at };
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

const idOf = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;

const authorize = (store: Store, computerId: string, requestedGroups: string[] = []) =>
  store.noteAuthorization(
    { computerId, dnsName: `pc-${computerId}`, address: '192.0.2.7', requestedGroups, at },
    { assign: requestedGroups.length > 0 },
  );

function ping(computerId: string): SelfUpdateEvent {
  return {
    ...{ receivedAt: at, occurredAt: at, computerId, address: '192.0.2.7', userAgent: '', component: 'w' },
    ...{ activity: 's', item: '', device: '', platform: '', language: '', status: 's', resultCode: '', message: '' },
    ...{ agentGeneration: 'wsus', agentVersion: '7.9.0.1' },
  };
}

function report(computerId: string, instanceId: string): ReportedEvent {
  return {
    ...{ instanceId, computerId, timeAtTarget: at, namespaceId: 1, eventNumber: 156, sourceId: 101 },
    ...{ updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '', replacementStrings: [] },
    miscData: [`U=${idOf(1)};${idOf(2)}`, `V=${idOf(3)}`],
  };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .sort((one, other) => one.key - other.key)
    .map(({ item }) => item);
}

async function deadlocksIn(address: string): Promise<number> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  const { rows } = await client.query('select deadlocks::int from pg_stat_database where datname = current_database()');
  await client.end();
  return rows[0].deadlocks;
}

it('contacts, pings, check-ins and reports of the same computers never wait for each other in a circle', async () => {
  const address = await postgres.createDatabase();
  const stores = await Promise.all([1, 2].map(() => openStore(address, { now: () => at })));
  const [one, two] = stores as [Store, Store];
  await one.createGroup('Lab', undefined, author);
  const ids = Array.from({ length: 120 }, (_, number) => idOf(number));
  // Half of them are new to the server when it begins.
  for (const id of ids.slice(0, 60)) await authorize(one, id);
  const contacts = () => new Map(shuffled(ids).map((id) => [id, { at, synced: true, reported: true }]));
  const instances = Array.from({ length: 30 }, () => crypto.randomUUID());
  const rounds = 8;
  const removed = idOf(119);
  for (let round = 0; round < rounds; round++) {
    await Promise.all([
      one.noteContacts(contacts()),
      two.noteContacts(contacts()),
      one.recordSelfUpdateEvents(shuffled(ids).map(ping)),
      two.recordSelfUpdateEvents(shuffled(ids).map(ping)),
      ...shuffled(ids)
        .slice(0, 6)
        .map((id, number) => authorize(number % 2 ? one : two, id, round % 2 ? ['Lab'] : ['Nowhere'])),
      // The same batch sent twice, to two servers, in another order.
      ...[one, two].map((store) =>
        store.recordReportingEvents(
          shuffled(instances).map((instance) => report(idOf(7), instance)),
          at,
        ),
      ),
      one.setMembership(idOf(round), 'Lab', true, author),
      // It takes its pings along, and may come before the first of them.
      two.removeComputer(removed, author).catch((error) => assert.equal(error.code, 'SERVER_NOT_FOUND')),
    ]);
  }
  await one.noteContacts(contacts());
  const pings = (await one.listSelfUpdateEvents({ limit: 10_000 })).filter(({ computerId }) => computerId !== removed);
  assert.equal(pings.length, 2 * rounds * (ids.length - 1), 'no ping was lost');
  assert.equal((await one.listReportingEvents({ limit: 10_000 })).length, instances.length);
  const computers = await one.listComputers({ limit: 1000 });
  assert.ok(computers.every(({ lastSync, lastReport }) => lastSync !== undefined && lastReport !== undefined));
  await Promise.all(stores.map((store) => store.close()));
  assert.equal(await deadlocksIn(address), 0);
});

it('a transaction that PostgreSQL ended for the sake of a stranger is run again, and nothing is lost', async () => {
  const address = await postgres.createDatabase();
  await using store = await openStore(address, { now: () => at });
  for (const number of [1, 2]) await authorize(store, idOf(number));
  const stranger = new pg.Client({ connectionString: address });
  await stranger.connect();
  const lock = (number: number) =>
    stranger.query('select 1 from computers where computer_id = $1 for update', [idOf(number)]);
  // The stranger would be the last to look for a deadlock: it is the store's transaction that has to go.
  await stranger.query("set deadlock_timeout = '60s'");
  await stranger.query('begin');
  await lock(2);
  const seen = { at: new Date(at.getTime() + 1000), synced: true, reported: false };
  const contacts = store.noteContacts(
    new Map([
      [idOf(1), seen],
      [idOf(2), seen],
    ]),
  );
  const waiting = 'select count(*)::int as count from pg_locks where not granted';
  while ((await stranger.query(waiting)).rows[0].count === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await lock(1);
  await stranger.query('commit');
  await contacts;
  assert.deepEqual(
    (await store.listComputers({ limit: 5 })).map(({ lastSync }) => lastSync),
    [seen.at, seen.at],
  );
  await stranger.end();
  await store.close();
  assert.equal(await deadlocksIn(address), 1);
});
