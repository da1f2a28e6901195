import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { simulatedBundle, simulatedCatalog, simulatedUpdate, type UpstreamServer } from '@moult/simulator';
import { importFromUpstream, type WantedUpdate } from './import-one.ts';
import { author, chooseProducts, openLab, partsOf } from './test/upstream.ts';

const changedAt = new Date('2026-11-01T00:00:00Z');
const of = (number: number) => simulatedUpdate(number, { products: 3, changedAt: author.at });
const nobody = '11111111-2222-4333-8444-555555555555';

type Lab = Awaited<ReturnType<typeof openLab>>;

function importIn({ store, url, now }: Pick<Lab, 'store' | 'url' | 'now'>, wanted: WantedUpdate, bounds = {}) {
  const parts = partsOf(store, url, now);
  return importFromUpstream({ store, author }, wanted, {
    ...{ ...parts, bounds: { ...parts.bounds, ...bounds } },
    onProgress: () => undefined,
  });
}

const callsOf = (upstream: UpstreamServer, operation: string) =>
  upstream.calls.filter((one) => one.operation === operation).length;

for (const kind of ['wsus', 'microsoft'] as const) {
  describe(`one update from ${kind}`, () => {
    it('comes by its id with its categories, its rules and nothing else, and its file is known', async () => {
      await using lab = await openLab({ kind });
      const { updateId, files, xml } = of(5);
      const report = await importIn(lab, { update: `{${updateId.toUpperCase()}}` });
      assert.deepEqual(report.updates, [
        { updateId, revisionNumber: 1, updateType: 'Software', title: report.updates[0]?.title, isNew: true },
      ]);
      assert.deepEqual(report.needed.map(({ updateType }) => updateType).sort(), [
        ...['Category', 'Category', 'Category', 'Detectoid'],
      ]);
      assert.deepEqual([report.lacking, await lab.store.countRevisions()], [[], 5]);
      const [here] = await lab.store.findRevisions(updateId);
      assert.equal((await lab.store.loadDocuments([here?.revisionId ?? 0])).get(here?.revisionId ?? 0), xml);
      const sha1 = Buffer.from(files[0]?.sha1 ?? '', 'base64').toString('hex');
      assert.equal((await lab.store.findContentSources([sha1])).get(sha1), files[0]?.url);
      assert.equal((await lab.store.loadSyncChoices()).length, 0);
      assert.deepEqual(await lab.store.loadSyncAnchors(lab.url), {});
    });

    it('again changes nothing, and a later revision of it comes', async () => {
      await using lab = await openLab({ kind });
      const { updateId } = of(5);
      await importIn(lab, { update: updateId });
      assert.deepEqual((await importIn(lab, { update: updateId })).updates[0]?.isNew, false);
      lab.upstream.publish(simulatedUpdate(5, { products: 3, changedAt, revision: 2 }));
      const later = await importIn(lab, { update: updateId });
      assert.deepEqual(
        later.updates.map(({ revisionNumber, isNew }) => [revisionNumber, isNew]),
        [[2, true]],
      );
      assert.equal(await lab.store.countRevisions(), 6);
    });

    it('that is a bundle comes with its parts and what it needs, and with what these need', async () => {
      const needed = simulatedBundle(2, { parts: [of(8)], changedAt });
      const bundle = simulatedBundle(1, { parts: [of(5), of(6)], needs: [needed.updateId], changedAt });
      const catalog = simulatedCatalog({ updates: 9, products: 3, from: author.at });
      await using lab = await openLab({ kind, catalog: [...catalog, bundle, needed] });
      await chooseProducts(lab.store, 3);
      const report = await importIn(lab, { update: bundle.updateId });
      const names = report.needed.filter(({ updateType }) => updateType === 'Software').map(({ updateId }) => updateId);
      assert.deepEqual(names.sort(), [of(5), of(6), of(8), needed].map(({ updateId }) => updateId).sort());
      assert.deepEqual(report.lacking, []);
    });

    it('is found by its KB number among those that were chosen', async () => {
      await using lab = await openLab({ kind });
      await chooseProducts(lab.store, 3);
      await importIn(lab, { update: of(0).updateId });
      const report = await importIn(lab, { update: 'KB5000005' });
      assert.deepEqual(
        report.updates.map(({ updateId }) => updateId),
        [of(5).updateId],
      );
      assert.equal(report.searched, 59);
      const lists = callsOf(lab.upstream, 'GetRevisionIdList');
      const again = await importIn(lab, { update: '5000005' });
      assert.deepEqual([again.searched, again.updates[0]?.isNew], [0, false]);
      assert.equal(callsOf(lab.upstream, 'GetRevisionIdList') - lists, kind === 'wsus' ? 2 : 0);
    });

    it('that the server does not have is an error that says so, and changes nothing', async () => {
      await using lab = await openLab({ kind });
      await chooseProducts(lab.store, 3);
      for (const update of [nobody, `${of(5).updateId}@7`, 'KB4999999', 'a title', '']) {
        await assert.rejects(importIn(lab, { update }), { code: 'ADMINISTRATION_UPSTREAM_UPDATE' });
      }
      assert.equal(await lab.store.countRevisions(), 0);
    });
  });
}

describe('one update from an upstream server', () => {
  it('shows what would come, and changes nothing, in a dry run', async () => {
    await using lab = await openLab();
    const report = await importIn(lab, { update: of(5).updateId, isDryRun: true });
    assert.deepEqual([report.updates.length, report.needed.length], [1, 4]);
    assert.equal(await lab.store.countRevisions(), 0);
    assert.deepEqual(await lab.store.listAudit({ limit: 5 }), []);
  });

  it('that was stopped says so of the import, and changes nothing', async () => {
    await using lab = await openLab();
    const parts = { ...partsOf(lab.store, lab.url, lab.now), signal: AbortSignal.abort(), onProgress: () => undefined };
    await assert.rejects(importFromUpstream({ store: lab.store, author }, { update: of(5).updateId }, parts), {
      code: 'ADMINISTRATION_SYNC_STOPPED',
      message: /^The command was stopped/,
    });
    assert.equal(await lab.store.countRevisions(), 0);
  });

  it('has the addresses of its files also after a break behind the import', async () => {
    await using lab = await openLab();
    const { updateId, files } = of(5);
    const importRevisions: typeof lab.store.importRevisions = async (...given) => {
      await lab.store.importRevisions(...given);
      throw new Error('killed');
    };
    const store = { ...lab.store, importRevisions };
    await assert.rejects(importIn({ ...lab, store }, { update: updateId }), { message: 'killed' });
    await importIn(lab, { update: updateId });
    const sha1 = Buffer.from(files[0]?.sha1 ?? '', 'base64').toString('hex');
    assert.equal((await lab.store.findContentSources([sha1])).get(sha1), files[0]?.url);
  });

  it('names what it waits for', async () => {
    const bundle = simulatedBundle(1, { parts: [of(5), { ...of(6), revisionNumber: 9 }], needs: [nobody], changedAt });
    const catalog = simulatedCatalog({ updates: 9, products: 3, from: author.at });
    await using lab = await openLab({ catalog: [...catalog, bundle] });
    const report = await importIn(lab, { update: bundle.updateId });
    const update = `${bundle.updateId}@1`;
    assert.deepEqual(report.lacking, [
      { update, anyOf: [nobody] },
      { update, anyOf: [`${of(6).updateId}@9`] },
    ]);
  });

  it('reads no more documents, and brings no more, than the bounds say', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    const code = 'ADMINISTRATION_UPSTREAM_UPDATE';
    await assert.rejects(importIn(lab, { update: 'KB5000005' }, { searchedDocuments: 30 }), { code });
    await assert.rejects(importIn(lab, { update: of(5).updateId }, { neededUpdates: 2 }), { code });
    assert.equal(await lab.store.countRevisions(), 0);
  });

  it('goes on past documents that cannot be read, and counts them', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    lab.upstream.spoil(of(7), 'no-xml');
    lab.upstream.spoil(of(8), 'missing');
    const report = await importIn(lab, { update: 'KB5000005' });
    assert.deepEqual([report.updates.length, report.unreadable], [1, 2]);
    lab.upstream.spoil(of(9), 'other-update');
    await assert.rejects(importIn(lab, { update: of(9).updateId }), { code: 'ADMINISTRATION_UPSTREAM_UPDATE' });
  });

  it('is not staged: a synchronisation that was interrupted goes on as if nothing had been', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    // As many as the attempts of two sessions.
    lab.upstream.failNext('GetUpdateData', { kind: 'status', status: 503 }, 6);
    await assert.rejects(lab.sync());
    const { staged, wanted } = await lab.store.countSyncRevisions();
    while ((await importIn(lab, { update: of(5).updateId }).catch(() => undefined)) === undefined);
    assert.deepEqual(await lab.store.countSyncRevisions(), { staged, wanted, failed: 0 });
    await lab.sync();
    assert.equal(await lab.store.countRevisions(), 67);
  });
});
