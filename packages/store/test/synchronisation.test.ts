// What a synchronisation keeps, on both engines: one owner at a time, documents that wait, and all of them at once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseUpdateId } from '@moult/catalog';
import { documentOf, idOf } from '../../administration/src/test/administration.ts';
import { toRevision } from '../src/catalog/import.ts';
import { type OwnedSync, openStore, type Store } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const now = new Date('2026-11-22T12:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const upstream = 'http://wsus:8530';
const identities = [1, 2, 3].map((number) => ({ updateId: parseUpdateId(idOf(number)), revisionNumber: 1 }));
const revision = (number: number) => toRevision(documentOf(idOf(number), `Update ${number}`));
const file = {
  ...{ sha256: undefined, fileName: 'f.esd', sizeBytes: 1, modifiedAt: undefined, isEncrypted: true as const },
};
const nothing = { revisions: [], failures: [], sources: [], calls: 0, bytes: 0 };

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the store of a synchronisation (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());
    const open = async () => openStore((await postgres?.createDatabase()) ?? ':memory:', { now: () => now });
    const begin = async (store: Store, owner = 'a', isGone = (_: string) => false) => {
      const { run, isContinued } = await store.beginSync({ upstream, owner, leaseUntil: later(60), now, isGone });
      return { own: { runId: run.runId, owner }, isContinued };
    };
    const listed = async (store: Store, own: OwnedSync) =>
      store.noteSyncList(own, 'updates', { anchor: '1', identities, filter: filterOf('p') });
    const filterOf = (category: string) => ({ categories: [category], classifications: ['c'], languages: [] });

    it('gives a run to one owner, until its lease ends or it is gone, and the one before is refused', async () => {
      await using store = await open();
      const first = await begin(store);
      await assert.rejects(begin(store, 'b'), { code: 'SERVER_REFUSED' });
      assert.equal((await begin(store, 'b', (owner) => owner === 'a')).isContinued, true);
      for (const refused of [
        () => store.holdSync(first.own, 'config', later(60)),
        () => store.stageSync(first.own, nothing),
        () => store.noteSyncList(first.own, 'config', { anchor: '1', identities }),
        () => store.activateSync(first.own, now),
      ]) {
        await assert.rejects(refused(), { code: 'SERVER_REFUSED' });
      }
      await store.holdSync({ ...first.own, owner: 'b' }, 'config', later(-1));
      assert.equal((await begin(store, 'c')).isContinued, true);
    });

    it('gives two that begin at one moment one run', async () => {
      await using store = await open();
      const results = await Promise.allSettled([begin(store, 'a'), begin(store, 'b'), begin(store, 'c')]);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await store.listSyncRuns(10)).length, 1);
    });

    it('shows nothing that is staged, and then all of it, with anchors and a record of the run', async () => {
      await using store = await open();
      const { own } = await begin(store);
      await listed(store, own);
      await store.stageSync(own, { ...nothing, revisions: [revision(2), revision(1)], calls: 3, bytes: 99 });
      assert.deepEqual(await store.countSyncRevisions(), { wanted: 1, staged: 2, failed: 0 });
      assert.deepEqual([await store.countRevisions(), await store.loadSyncAnchors(upstream)], [0, {}]);
      const failure = { ...(identities[2] ?? assert.fail()), code: 'CATALOG_BAD_XML', message: 'no\0 XML' };
      await store.stageSync(own, {
        ...nothing,
        failures: [failure],
        sources: [{ sha1: 'ab', url: 'http://a.example/x' }],
      });
      const generation = (await store.loadGenerations()).get('updates') ?? 0;
      assert.equal((await store.activateSync(own, now)).added, 2);
      assert.equal((await store.loadGenerations()).get('updates'), generation + 1);
      // In the order of the list, not that of the answers.
      assert.deepEqual(
        (await store.listRevisions(0, 10)).map(({ updateId }) => updateId),
        [idOf(1), idOf(2)],
      );
      assert.deepEqual(await store.loadSyncAnchors(upstream), { updates: { anchor: '1', filter: filterOf('p') } });
      const [run] = await store.listSyncRuns(1);
      assert.deepEqual(
        [run?.state, run?.fetched, run?.failed, run?.added, run?.calls, run?.bytes],
        ['done', 2, 1, 2, 3, 99],
      );
      assert.equal((await store.listSyncFailures(10))[0]?.message, 'no\ufffd XML');
      assert.deepEqual([...(await store.findContentSources(['ab', 'cd']))], [['ab', 'http://a.example/x']]);
      await assert.rejects(store.stageSync(own, nothing), { code: 'SERVER_REFUSED' });
    });

    it('asks again for what failed, in five runs, and no more unless the upstream lists it anew', async () => {
      await using store = await open();
      for (let run = 1; run <= 6; run++) {
        const { own } = await begin(store);
        if (run === 1) await listed(store, own);
        const wanted = await store.loadWanted(0, 10);
        assert.equal(wanted.length, run === 1 ? 3 : run <= 5 ? 1 : 0, `run ${run}`);
        const failures = run <= 5 ? [{ ...(identities[1] ?? assert.fail()), code: 'X', message: 'bad' }] : [];
        await store.stageSync(own, { ...nothing, revisions: run === 1 ? [revision(1), revision(3)] : [], failures });
        if (run === 6) {
          await listed(store, own);
          assert.equal((await store.loadWanted(0, 10)).length, 1);
        }
        await store.activateSync(own, now);
      }
    });

    it('drops what another choice does not list, keeps what is staged and still listed', async () => {
      await using store = await open();
      const { own } = await begin(store);
      await listed(store, own);
      await store.stageSync(own, { ...nothing, revisions: [revision(1), revision(2)] });
      await store.noteSyncList(own, 'updates', { anchor: '2', identities: identities.slice(1), filter: filterOf('q') });
      assert.deepEqual(await store.countSyncRevisions(), { wanted: 1, staged: 1, failed: 0 });
      assert.deepEqual((await store.loadSyncLists(own)).updates, { anchor: '2', filter: filterOf('q') });
      assert.deepEqual(
        (await store.loadWanted(0, 10)).map(({ identity }) => identity),
        [identities[2]],
      );
    });

    it('leaves out what the catalog has, and a list with a name twice has it once', async () => {
      await using store = await open();
      await store.importRevisions([revision(1)], now);
      const { own } = await begin(store);
      await store.noteSyncList(own, 'config', { anchor: '1', identities: [...identities, ...identities] });
      assert.deepEqual(
        (await store.loadWanted(0, 10)).map(({ identity }) => identity),
        identities.slice(1),
      );
    });

    it('gives up a run for another upstream, forgets anchors of one that changed, and drops old runs', async () => {
      await using store = await open();
      const { own } = await begin(store);
      await listed(store, own);
      await store.activateSync(own, now);
      const second = await begin(store);
      await store.forgetSyncAnchors(second.own, upstream);
      assert.deepEqual(await store.loadSyncAnchors(upstream), {});
      await store.failSync(second.own, { code: 'X', message: 'y' }, later(1));
      assert.deepEqual(
        (await store.listSyncRuns(1)).map(({ state, error }) => [state, error?.code]),
        [['failed', 'X']],
      );
      const other = { upstream: 'http://other', owner: 'a', leaseUntil: later(60), now, isGone: () => false };
      const { run } = await store.beginSync(other);
      assert.equal((await store.listSyncRuns(10))[1]?.state, 'given-up');
      await store.activateSync({ runId: run.runId, owner: 'a' }, now);
      assert.equal(await store.removeOldSyncRuns(later(1)), 2);
      assert.equal((await store.listSyncRuns(10)).length, 1);
    });

    it('keeps sealed keys of encrypted files, and says which to ask for', async () => {
      await using store = await open();
      const names = { updateId: parseUpdateId(idOf(1)), revisionNumber: 1 };
      const key = { text: 'sealed', with: 'k1' };
      const encrypted = { ...revision(1), files: ['aa', 'bb', 'cc'].map((sha1) => ({ ...file, sha1 })) };
      await store.noteFileKeys([{ ...names, sha1: 'aa', key }]);
      assert.deepEqual(await store.loadMissingFileKeys('k1', 10), [], 'not in the catalog yet');
      await store.importRevisions([encrypted], now);
      assert.deepEqual(await store.countFileKeys('k1'), { encrypted: 3, missing: 2 });
      assert.deepEqual(await store.countFileKeys('k2'), { encrypted: 3, missing: 3 });
      assert.deepEqual(await store.loadMissingFileKeys('k1', 1), [{ ...names, sha1: 'bb' }]);
      const { own } = await begin(store);
      await store.stageSync(own, {
        ...nothing,
        keys: ['aa', 'bb'].map((sha1) => ({ ...names, sha1, key: undefined })),
      });
      await store.stageSync(own, { ...nothing, keys: [{ ...names, sha1: 'cc', key }] });
      assert.deepEqual(
        await store.findFileKeys(['aa', 'bb', 'cc', 'dd']),
        new Map([
          ['aa', key],
          ['bb', undefined],
          ['cc', key],
        ]),
      );
      for (let run = 2; run <= 5; run++) await store.noteFileKeys([{ ...names, sha1: 'bb', key: undefined }]);
      assert.deepEqual(await store.loadMissingFileKeys('k1', 10), [], 'asked for often enough');
      assert.deepEqual(
        (await store.listFileKeys('aa', 10)).map(({ sha1 }) => sha1),
        ['bb', 'cc'],
      );
    });

    it('keeps choices, each once, and records each change', async () => {
      await using store = await open();
      const author = { name: 'anna', at: now };
      const add = [{ kind: 'product' as const, id: 'p' }];
      assert.equal((await store.changeSyncChoices({ add, remove: [] }, author)).added.length, 1);
      assert.equal((await store.changeSyncChoices({ add, remove: [] }, author)).added.length, 0);
      assert.deepEqual(await store.loadSyncChoices(), add);
      assert.equal((await store.changeSyncChoices({ add: [], remove: add }, author)).removed.length, 1);
      assert.equal((await store.listAudit({ limit: 10 })).length, 2);
    });
  });
}
