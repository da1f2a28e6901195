// What several processes change at once is seen by a running server without a restart, and in an order in which no client
// misses anything, whatever the clocks of the machines say.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sampleIds } from '@moult/catalog';
import pg from 'pg';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { generateCatalog } from '../../catalog/test/generate-catalog.ts';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { type LiveCatalog, openLiveCatalog } from '../../store/src/catalog/live-catalog.ts';
import { allComputers, openStore, type Store } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { openSession } from './agent-session.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const importProcess = fileURLToPath(new URL('import-process.ts', import.meta.url));
const minute = 60_000;
const now = () => new Date();
let folder: string;
let postgres: TestPostgres;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-order-'));
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

let files = 0;
const newAddress = async (engine: 'sqlite' | 'postgres') =>
  engine === 'postgres' ? postgres.createDatabase() : join(folder, `${++files}.sqlite`);
const countOf = ({ index }: LiveCatalog) => [...index.updates()].length;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`changes of several processes (${engine})`, () => {
    it('two importers at once: the live catalog holds every update of both', async () => {
      const address = await newAddress(engine);
      await using store = await openStore(address, { now });
      const catalog = await openLiveCatalog(store, { unapproved: 'report', freshMs: 1 });
      using started = new DisposableStack();
      const importers = ['0', '1'].map((family) =>
        started.use(spawn(process.execPath, [importProcess, address, family], { stdio: 'inherit' })),
      );
      let running = importers.length;
      const ends = importers.map(async (child) => {
        const [code] = await once(child, 'exit');
        running--;
        assert.equal(code, 0);
      });
      // Looks as often as a busy server does: each look may fall between two commits.
      while (running > 0) {
        await catalog.refresh();
        await pause(1);
      }
      await Promise.all(ends);
      await pause(5);
      await catalog.refresh();
      assert.equal(countOf(catalog), await store.countRevisions());
    });

    it('every change has a later stamp than the one before, also when the clock was put back', async () => {
      const address = await newAddress(engine);
      await using store = await openStore(address, { now });
      const [first = ''] = [...generateCatalog(3)];
      const ahead = new Date(Date.now() + 60 * minute);
      await importDocuments(store, [...generateCatalog(3)], ahead);
      const decision = { updateId: idIn(first), groupId: allComputers, deadline: undefined, administrator: 'anna' };
      const stamps: number[] = [];
      for (const [action, at] of [
        ['Install', ahead],
        ['Block', new Date(Date.now() - 60 * minute)],
        ['Uninstall', new Date(0)],
      ] as const) {
        await store.deploy({ ...decision, action }, at);
        stamps.push((await store.loadDeployments())[0]?.changedAt ?? 0);
      }
      assert.deepEqual(
        stamps,
        [...new Set(stamps)].sort((one, other) => one - other),
      );
      const imported: number[] = [];
      await store.readSummaries(0, ({ importedAt }) => imported.push(importedAt));
      assert.ok(Math.max(...imported) < (stamps[0] ?? 0), 'later than the update itself');
    });
  });
}

describe('two slow importers on one PostgreSQL', () => {
  it('an update whose import began first and ended last is seen without a restart', async () => {
    const address = await postgres.createDatabase();
    await using one = await openStore(address, { now });
    await using other = await openStore(address, { now });
    const watcher = new pg.Client({ connectionString: address });
    await watcher.connect();
    const documents = [...generateCatalog(4)];
    // The first importer stops with its ids given and nothing committed, until the test lets it go.
    await watcher.query(`create function hold() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock(42); return new; end $$`);
    await watcher.query(`create trigger hold before insert on revision_summaries for each row
      when (new.update_id = '${idIn(documents[0] ?? '')}') execute function hold()`);
    await watcher.query('select pg_advisory_lock(42)');
    const catalog = await openLiveCatalog(one, { unapproved: 'report', freshMs: 1 });
    const waiting = async () => {
      const { rows } = await watcher.query('select count(*)::int as count from pg_locks where not granted');
      return rows[0].count as number;
    };
    const first = importDocuments(one, documents.slice(0, 2), now());
    await waitUntil('the first importer waits', async () => (await waiting()) >= 1, { everyMs: 5 });
    let isSecondDone = false;
    const second = importDocuments(other, documents.slice(2), now()).finally(() => {
      isSecondDone = true;
    });
    const isHeld = async () => isSecondDone || (await waiting()) >= 2;
    await waitUntil('the second importer waits or is done', isHeld, { everyMs: 5 });
    await catalog.refresh();
    await watcher.query('select pg_advisory_unlock(42)');
    await Promise.all([first, second]);
    await pause(5);
    await catalog.refresh();
    assert.equal(countOf(catalog), 4);
    await watcher.end();
  });
});

describe('two servers on one PostgreSQL, with clocks that are apart', () => {
  let ahead: TestServer;
  let behind: TestServer;
  before(async () => {
    const database = await postgres.createDatabase();
    ahead = await startTestServer({ config: { database }, clockOffset: 130 * minute });
    const dataDir = join(folder, 'behind');
    mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
    // As docs/server.md says: servers on one database have one cookie key.
    copyFileSync(join(ahead.dataDir, 'keys', 'cookie.key'), join(dataDir, 'keys', 'cookie.key'));
    behind = await startTestServer({ config: { database }, dataDir, clockOffset: -3 * minute });
  });
  after(async () => {
    await Promise.all([ahead?.stop(), behind?.stop()]);
  });

  async function approve(store: Store, updateId: string, at: Date): Promise<void> {
    const decision = { updateId, groupId: allComputers, deadline: undefined, administrator: 'anna' };
    await store.deploy({ ...decision, action: 'Uninstall' }, at);
  }

  it('an approval stamped minutes behind the last one is told, by either server, and once', async () => {
    const session = await openSession(ahead.url);
    const other = await openSession(behind.url, { computerId: 'aaaaaaaa-5601-43c9-bac3-52d5db701494' });
    await using late = await openStore(ahead.database, { now: () => new Date(Date.now() + 130 * minute) });
    await using early = await openStore(ahead.database, { now: () => new Date(Date.now() - 3 * minute) });
    await approve(late, sampleIds.product, new Date(Date.now() + 130 * minute));
    await pause(150);
    await session.syncToTheEnd();
    await other.syncToTheEnd();
    await approve(early, sampleIds.update, new Date(Date.now() - 3 * minute));
    await pause(150);
    for (const one of [session, other]) {
      const actions = async () => (await one.sync()).changedUpdates.map(({ deployment }) => deployment?.action);
      assert.ok((await actions()).includes('Uninstall'));
      assert.deepEqual(await actions(), []);
    }
    await Promise.all([late.close(), early.close()]);
  });

  it('a cookie of one is good for the other, before and after it is renewed', async () => {
    // More apart than a cookie lives.
    for (const [from, to] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const session = await openSession(from.url);
      await session.syncToTheEnd();
      const moved = await openSession(to.url);
      moved.cookie = session.cookie;
      await moved.sync();
    }
  });

  it('are one server: they start at once and have one identity and one LastChange', async () => {
    const database = await postgres.createDatabase();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(database, { now })));
    const clocks = [0, -3, 5, 130].map((minutes) => new Date(Date.now() + minutes * minute));
    const identities = await Promise.all(
      stores.map((store, at) => store.loadServerIdentity('told', clocks[at] ?? now())),
    );
    assert.equal(new Set(identities.map((identity) => JSON.stringify(identity))).size, 1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('a changed configuration of one is the LastChange of the other without a restart', async () => {
    const session = await openSession(behind.url);
    await session.sync();
    await using store = await openStore(ahead.database, { now });
    const { lastChange } = await store.loadServerIdentity('something else', now());
    await pause(150);
    await assert.rejects(session.sync(), /ConfigChanged/);
    const again = await openSession(behind.url);
    await again.sync();
    assert.ok(lastChange.getTime() > 0);
  });
});

function idIn(document: string): string {
  return /UpdateID="([^"]+)"/.exec(document)?.[1] ?? '';
}
