// Backup and restore: complete, consistent, between engines, under a running server; a damaged one changes nothing.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sampleIds } from '@moult/catalog';
import { clientWebService } from '@moult/protocol/client-web-service';
import { waitUntil } from '../../../scripts/wait-until.ts';
import { backUp } from '../../store/src/backup/backup.ts';
import { rehearseRestore } from '../../store/src/backup/rehearse.ts';
import { restore } from '../../store/src/backup/restore.ts';
import { allComputers, openStore, type Store } from '../../store/src/index.ts';
import { startPostgres, type TestPostgres } from '../../store/test/postgres.ts';
import { computerInfo, getCookie, openSession } from './agent-session.ts';
import { ask, call } from './soap-client.ts';
import { startTestServer } from './test-server.ts';

const now = new Date('2026-11-22T12:00:00Z');
const author = { name: 'tester', at: now };
let folder: string;
let postgres: TestPostgres;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-backup-'));
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function withStore<Result>(database: string, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore(database, { now: () => now });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Everything that an administrator would miss. */
const contents = (database: string) =>
  withStore(database, async (store) => ({
    groups: await store.countGroups(),
    computers: await store.listComputers({ limit: 100 }),
    updates: await (await store.pageUpdates({}, { limit: 100 })).items,
    deployments: await store.loadDeployments(),
    documents: [...(await store.loadDocuments([1, 2, 3]))],
    events: await store.listReportingEvents({ limit: 100 }),
    content: await store.listContent(),
  }));

describe('a backup', () => {
  it('of a running server holds everything, and restores into either engine', async () => {
    await using server = await startTestServer();
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    const lastCall = new Date();
    await session.sync();
    const database = join(server.dataDir, 'moult.sqlite');
    await withStore(database, async (store) => {
      await store.createGroup('Lab', undefined, author);
      await store.createGroup('Web', 'Lab', author);
      await store.renameGroup('Lab', 'Laboratory', author);
      await store.setMembership(session.computerId, 'Web', true, author);
      // Contacts are written some time after their calls: the backup must not fall between the two.
      const syncWritten = async () => (await store.findListedComputer(session.computerId))?.lastSync ?? 0;
      await waitUntil('the contact is written', async () => (await syncWritten()) >= lastCall);
    });
    const target = join(folder, 'first');
    const manifest = await backUp({ database, dataDir: server.dataDir, target, version: '0', now });
    const expected = await contents(database);
    await server.stop();
    assert.equal(manifest.rows.computers, 1);
    assert.equal(statSync(join(target, 'keys', 'cookie.key')).mode & 0o77, 0, 'keys are readable by their owner only');

    const elsewhere = await postgres.createDatabase();
    await withStore(elsewhere, (store) => store.createGroup('Gone', undefined, author));
    await restore({ database: elsewhere, dataDir: join(folder, 'data-1'), source: target, author });
    assert.deepEqual(await contents(elsewhere), expected);
    await withStore(elsewhere, async (store) => {
      await store.createGroup('After', undefined, author);
      const again = { updateId: sampleIds.update, groupId: allComputers, administrator: 'x' } as const;
      await store.deploy({ ...again, action: 'Block', deadline: undefined }, now);
    });

    const back = join(folder, 'second');
    await backUp({ database: elsewhere, dataDir: join(folder, 'data-1'), target: back, version: '0', now });
    const sqlite = join(folder, 'again.sqlite');
    await restore({ database: sqlite, dataDir: join(folder, 'data-2'), source: back, author });
    assert.deepEqual(await contents(sqlite), await contents(elsewhere));
  });

  it('restored under a running server leads its clients through ServerChanged to their new ids', async () => {
    await using server = await startTestServer();
    const database = join(server.dataDir, 'moult.sqlite');
    const target = join(folder, 'third');
    await backUp({ database, dataDir: server.dataDir, target, version: '0', now });
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    await restore({ database, dataDir: server.dataDir, source: target, author });
    await new Promise((resolve) => setTimeout(resolve, 150));
    const parameters = {
      ...{ installedNonLeafUpdateIds: [], otherCachedUpdateIds: [], systemSpec: [], cachedDriverIds: [] },
      ...{ skipSoftwareSync: false, filterCategoryIds: [] },
    };
    const { cookie: old } = session;
    // Whichever call is the first after it.
    for (const answer of [
      call(server.url, clientWebService, 'RegisterComputer', { cookie: old, computerInfo }),
      call(server.url, clientWebService, 'SyncUpdates', { cookie: old, parameters }),
    ]) {
      const refused = await answer;
      assert.equal(refused.kind === 'fault' && refused.fault.code, 'ServerChanged');
    }
    const cookie = await getCookie(server.url);
    const globalIds = [{ updateId: sampleIds.update, revisionNumber: 1 }];
    const { results } = await ask(server.url, clientWebService, 'RefreshCache', { cookie, globalIds });
    assert.equal(results.length, 1);
    await (await openSession(server.url)).syncToTheEnd();
  });

  it('that is damaged, incomplete, of the future or no backup at all changes nothing', async () => {
    const database = join(folder, 'kept.sqlite');
    await withStore(database, (store) => store.createGroup('Kept', undefined, author));
    const good = join(folder, 'fourth');
    await backUp({ database, dataDir: folder, target: good, version: '0', now });
    const refused = (message: RegExp) =>
      assert.rejects(restore({ database, dataDir: folder, source: good, author }), {
        code: 'SERVER_BAD_BACKUP',
        message,
      });
    const groups = join(good, 'target_groups.jsonl.zst');
    const bytes = readFileSync(groups);
    writeFileSync(groups, bytes.subarray(0, -1));
    await refused(/target_groups.jsonl.zst is damaged/);
    rmSync(groups);
    await refused(/target_groups.jsonl.zst is missing/);
    writeFileSync(groups, bytes);
    const manifest = join(good, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('0001-first-tables', '9999-from-the-future'));
    await refused(/newer Moult/);
    writeFileSync(manifest, '{');
    await refused(/is not a backup/);
    const names = await withStore(database, (store) => store.loadGroups());
    assert.ok(names.some(({ name }) => name === 'Kept'));
  });

  it('is rehearsed: restored beside the server, checked, and gone again', async () => {
    const database = join(folder, 'kept.sqlite');
    const source = join(folder, 'rehearsed');
    await backUp({ database, dataDir: folder, target: source, version: '0', now });
    const parent = join(folder, 'room');
    const left = join(parent, '.rehearsal-abc123');
    mkdirSync(left, { recursive: true });
    const rehearse = () => rehearseRestore({ source, parent, author });
    const before = await contents(database);
    const [first, second] = await Promise.allSettled([rehearse(), rehearse()]);
    assert.deepEqual(first.status === 'fulfilled' && first.value.problems, []);
    assert.equal(second.status === 'rejected' && second.reason.code, 'SERVER_IN_USE');
    assert.deepEqual(readdirSync(parent), ['rehearsal.guard']);
    assert.deepEqual(await contents(database), before);
    const manifest = join(source, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    // A manifest that is altered so that it agrees with itself, and with no row more.
    writeFileSync(manifest, text.replace(/"target_groups":\s*\d+/, '"target_groups": 77'));
    await assert.rejects(rehearse(), { code: 'SERVER_BAD_BACKUP' });
    writeFileSync(join(source, 'target_groups.jsonl.zst'), '');
    await assert.rejects(rehearse(), { code: 'SERVER_BAD_BACKUP' });
    assert.deepEqual(readdirSync(parent), ['rehearsal.guard']);
  });

  it('never replaces a folder that holds something, and leaves nothing of a failed one', async () => {
    const database = join(folder, 'kept.sqlite');
    const options = { database, dataDir: folder, target: folder, version: '0', now };
    await assert.rejects(backUp(options), { code: 'SERVER_REFUSED' });
    const target = join(folder, 'fifth');
    await assert.rejects(backUp({ ...options, database: join(folder, 'nowhere.sqlite'), target }), {
      code: 'SERVER_DATABASE',
    });
    assert.ok(!existsSync(target));
    assert.ok(!readdirSync(folder).some((name) => name.endsWith('.unfinished')));
  });
});
