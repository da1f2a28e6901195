import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  simulatedClassifications,
  simulatedProduct,
  simulatedProductDocument,
  simulatedUpdate,
  type UpstreamServer,
} from '@moult/simulator';
import { openLiveCatalog } from '@moult/store/catalog';
import { author, catalogHash, chooseProducts, openLab } from './test/upstream.ts';

/** Categories, classifications, the family and the detectoid. */
const configRevisions = 3 + 2 + 1 + 1;

const asked = (upstream: UpstreamServer, from = 0) => upstream.calls.slice(from).map(({ operation }) => operation);
const lists = (upstream: UpstreamServer) => upstream.calls.filter(({ operation }) => operation === 'GetRevisionIdList');

for (const kind of ['wsus', 'microsoft'] as const) {
  describe(`a synchronisation with ${kind}`, () => {
    it('brings the categories first, then all updates of what was chosen, each document as it was', async () => {
      await using lab = await openLab({ kind });
      const first = await lab.sync();
      assert.deepEqual([first.added, first.needsChoice, first.failed], [configRevisions, true, 0]);
      await chooseProducts(lab.store, 2);
      const second = await lab.sync();
      assert.deepEqual([second.added, second.needsChoice, second.isContinued], [40, false, false]);
      const [revision] = await lab.store.findRevisions(
        simulatedUpdate(1, { products: 3, changedAt: author.at }).updateId,
      );
      const documents = await lab.store.loadDocuments([revision?.revisionId ?? 0]);
      assert.equal([...documents.values()][0], simulatedUpdate(1, { products: 3, changedAt: author.at }).xml);
      const page = await lab.store.pageUpdates({}, { limit: 100 });
      assert.equal(page.items.length, 40);
    });

    it('with nothing new asks six things, and changes nothing but history and anchors', async () => {
      await using lab = await openLab({ kind });
      await chooseProducts(lab.store, 3);
      await lab.sync();
      const before = await catalogHash(lab.store);
      const calls = lab.upstream.calls.length;
      const report = await lab.sync();
      assert.deepEqual(asked(lab.upstream, calls), [
        ...['GetAuthConfig', 'GetAuthorizationCookie', 'GetCookie', 'GetConfigData'],
        ...['GetRevisionIdList', 'GetRevisionIdList'],
      ]);
      assert.deepEqual([report.added, report.listed, report.calls], [0, 0, 6]);
      assert.equal(await catalogHash(lab.store), before);
      assert.equal((await lab.store.listSyncRuns(10)).length, 2);
    });

    it('brings a further revision and an expired one, which loses its approvals', async () => {
      await using lab = await openLab({ kind, updates: 6 });
      await chooseProducts(lab.store, 3);
      await lab.sync();
      const [changed, expired] = [simulatedUpdate(1, of(2)), simulatedUpdate(2, { ...of(2), isExpired: true })];
      const group = (await lab.store.loadGroups())[0];
      const decision = { updateId: expired.updateId, groupId: group?.groupId ?? '', administrator: 'anna' };
      await lab.store.deploy({ ...decision, action: 'Install', deadline: undefined }, author.at);
      lab.upstream.publish(changed, expired);
      const report = await lab.sync();
      assert.deepEqual([report.added, report.expired.map(({ decisions }) => decisions)], [2, [1]]);
      assert.deepEqual(await lab.store.loadDeclined(), [expired.updateId]);

      function of(revision: number) {
        return { products: 3, changedAt: new Date(lab.now().getTime() + 60_000), revision };
      }
    });

    it('passes over bad revisions, keeps its anchors, and asks for them again', async () => {
      await using lab = await openLab({ kind });
      await chooseProducts(lab.store, 3);
      const bad = [7, 14, 21, 30].map((number) => simulatedUpdate(number, { products: 3, changedAt: author.at }));
      for (const [at, how] of (['missing', 'no-xml', 'damaged-cabinet', 'other-update'] as const).entries()) {
        lab.upstream.spoil(bad[at] ?? { updateId: '', revisionNumber: 0 }, how);
      }
      const report = await lab.sync();
      assert.deepEqual([report.failed, report.added], [4, configRevisions + 56]);
      const failures = await lab.store.listSyncFailures(10);
      assert.deepEqual(failures.map(({ updateId }) => updateId).sort(), bad.map(({ updateId }) => updateId).sort());
      assert.ok(failures.every(({ message, code }) => message !== '' && code !== ''));
      const { updates } = await lab.store.loadSyncAnchors(lab.url);
      assert.ok(updates?.anchor);
      for (const one of bad) lab.upstream.spoil(one, undefined);
      const again = await lab.sync();
      assert.deepEqual([again.failed, again.added], [0, 4]);
      assert.deepEqual(await lab.store.listSyncFailures(10), []);
      const anchorSent = /<Anchor>([^<]*)</.exec(lists(lab.upstream).at(-1)?.body ?? '')?.[1];
      assert.equal(anchorSent, updates?.anchor);
    });
  });
}

describe('a synchronisation', () => {
  it('asks for all of a new product alone, and never chooses one by itself', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 1);
    await lab.sync();
    lab.upstream.publish(simulatedProductDocument(7, new Date(lab.now().getTime() + 60_000)));
    const report = await lab.sync();
    assert.deepEqual(report.newProducts, [{ id: simulatedProduct(7), name: 'Simulated Windows 8' }]);
    assert.equal(
      (await lab.store.loadSyncChoices()).some(({ id }) => id === simulatedProduct(7)),
      false,
    );
    await chooseProducts(lab.store, 2);
    const added = await lab.sync();
    assert.equal(added.added, 20);
    const { body = '' } = lists(lab.upstream).at(-1) ?? {};
    const deltas = [...body.matchAll(/<Id>([^<]*)<\/Id><Delta>(\w+)<\/Delta>/g)].map(([, id, delta]) => [id, delta]);
    assert.deepEqual(
      deltas.filter(([, delta]) => delta === 'false'),
      [[simulatedProduct(1), 'false']],
    );
  });

  it('keeps updates of a product that was taken back, and a product that vanished stays chosen', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 2);
    const before = (await lab.sync()).added;
    await lab.store.changeSyncChoices({ add: [], remove: [{ kind: 'product', id: simulatedProduct(1) }] }, author);
    await lab.sync();
    assert.equal(await lab.store.countRevisions(), before);
    assert.ok((await lab.store.loadSyncChoices()).some(({ id }) => id === simulatedProduct(0)));
  });

  it('of a server that refuses every revision stops, and blames none of them', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    lab.upstream.failNext('GetUpdateData', { kind: 'soap', code: 'InternalServerError' }, 1000);
    await assert.rejects(lab.sync({ bounds: { sessions: 1, refusals: 5, attempts: 2 } }), {
      code: 'ADMINISTRATION_UPSTREAM_REFUSED',
    });
    assert.deepEqual(await lab.store.listSyncFailures(10), []);
    assert.equal(await lab.store.countRevisions(), 0);
  });

  it('takes a large document out of its cabinet, beside small ones', async () => {
    await using lab = await openLab({ updates: 4, hugeCharacters: 4_300_000 });
    await chooseProducts(lab.store, 3);
    const report = await lab.sync();
    assert.deepEqual([report.failed, report.added], [0, configRevisions + 5]);
    const huge = simulatedUpdate(4, { products: 3, changedAt: author.at, extraCharacters: 4_300_000 });
    const [revision] = await lab.store.findRevisions(huge.updateId);
    assert.equal((await lab.store.loadDocuments([revision?.revisionId ?? 0])).get(revision?.revisionId ?? 0), huge.xml);
  });

  it('renews a cookie that is refused in the middle, and asks busy and silent servers again', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    lab.upstream.failNext('GetUpdateData', { kind: 'soap', code: 'InvalidCookie' }, 2);
    lab.upstream.failNext('GetRevisionIdList', { kind: 'soap', code: 'ServerBusy' });
    lab.upstream.failNext('GetConfigData', { kind: 'status', status: 503 });
    lab.upstream.failNext('GetAuthConfig', { kind: 'cut', afterBytes: 10 });
    lab.upstream.failNext('GetCookie', { kind: 'silent' });
    const waits: number[] = [];
    const report = await lab.sync({
      bounds: { updatesPerCall: 20, sessions: 1, attempts: 6, silenceMs: 1500, pauseMs: 1000 },
      wait: async (ms) => void waits.push(ms),
    });
    assert.equal(report.added, configRevisions + 60);
    assert.ok(waits.length >= 4 && waits[0] === 1000, `${waits}`);
  });

  it('of a server that says in the middle that it is another one ends so, and the next one begins anew', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    lab.upstream.failNext('GetUpdateData', { kind: 'soap', code: 'ServerChanged' });
    await assert.rejects(lab.sync(), { name: 'AdministrationError', code: 'ADMINISTRATION_UPSTREAM_REFUSED' });
    const from = lists(lab.upstream).length;
    const report = await lab.sync();
    assert.ok(report.added > 60);
    assert.equal(lists(lab.upstream).length - from, 2);
  });

  it('begins anew with a server that says it is another one, or does not know its anchor', async () => {
    await using lab = await openLab();
    await chooseProducts(lab.store, 3);
    await lab.sync();
    for (const fault of [{ code: 'ServerChanged' }, { code: 'InvalidParameters', message: 'filter' }]) {
      lab.upstream.failNext('GetRevisionIdList', { kind: 'soap', ...fault });
      const from = lists(lab.upstream).length;
      const report = await lab.sync();
      assert.deepEqual([report.added, report.failed], [0, 0]);
      assert.ok(
        lists(lab.upstream)
          .slice(from + 1)
          .every(({ body }) => !body.includes('<Anchor>')),
      );
    }
  });

  const ends: [string, Parameters<UpstreamServer['failNext']>, string][] = [
    ['a portal answers', ['GetAuthConfig', { kind: 'html' }, 9], 'ADMINISTRATION_UPSTREAM_ANSWER'],
    [
      'there is no update service',
      ['GetAuthConfig', { kind: 'status', status: 404 }, 9],
      'ADMINISTRATION_UPSTREAM_ANSWER',
    ],
    ['it stays busy', ['GetConfigData', { kind: 'soap', code: 'ServerBusy' }, 99], 'ADMINISTRATION_UPSTREAM_AWAY'],
    [
      'it refuses our version',
      ['GetCookie', { kind: 'soap', code: 'IncompatibleProtocolVersion' }, 9],
      'ADMINISTRATION_UPSTREAM_REFUSED',
    ],
    [
      'every cookie is refused',
      ['GetConfigData', { kind: 'soap', code: 'InvalidCookie' }, 99],
      'ADMINISTRATION_UPSTREAM_REFUSED',
    ],
  ];
  for (const [what, fault, code] of ends) {
    it(`ends with ${code} when ${what}, and says so in the history`, async () => {
      await using lab = await openLab({ updates: 1 });
      lab.upstream.failNext(...fault);
      await assert.rejects(lab.sync(), { code });
      const [run] = await lab.store.listSyncRuns(1);
      assert.deepEqual([run?.state, run?.error?.code], ['failed', code]);
    });
  }

  it('shows clients the catalog of before until all of the new one is there', async () => {
    await using lab = await openLab();
    const catalog = await openLiveCatalog(lab.store, { unapproved: 'report', freshMs: 1 });
    await chooseProducts(lab.store, 3);
    const seen = new Set<number>();
    const look = async () => {
      await catalog.refresh();
      seen.add([...catalog.index.updates()].length);
    };
    await lab.sync({
      store: {
        ...lab.store,
        stageSync: async (...given) => {
          await lab.store.stageSync(...given);
          await look();
        },
      },
    });
    await look();
    assert.deepEqual([...seen], [0, configRevisions + 60]);
  });

  it('is done by one process at a time; another upstream drops what was staged for the first', async () => {
    await using lab = await openLab();
    await using other = await openLab({ updates: 3 });
    const now = lab.now();
    const begun = { upstream: lab.url, owner: 'elsewhere/1/x', now, isGone: () => false };
    await lab.store.beginSync({ ...begun, leaseUntil: new Date(now.getTime() + 3_600_000) });
    await assert.rejects(lab.sync(), { code: 'SERVER_REFUSED' });
    await lab.store.beginSync({ ...begun, owner: 'elsewhere/1/x', leaseUntil: now });
    const report = await lab.sync({ settings: { upstream: other.url, name: 'moult' } });
    assert.equal(report.isContinued, false);
    assert.deepEqual(
      (await lab.store.listSyncRuns(5)).map(({ state }) => state),
      ['done', 'given-up'],
    );
  });

  it('tells the name and one GUID for ever, and keeps where public files are', async () => {
    await using lab = await openLab({ updates: 3 });
    await chooseProducts(lab.store, 3);
    await lab.sync();
    await lab.sync();
    const told = lab.upstream.calls
      .filter(({ operation }) => operation === 'GetAuthorizationCookie')
      .map(({ body }) => /<accountName>(.*)<\/accountName><accountGuid>(.*)<\/accountGuid>/.exec(body)?.slice(1));
    assert.equal(told[0]?.[0], 'moult.example.test');
    assert.equal(new Set(told.map((one) => one?.[1])).size, 1);
    const [file] = simulatedUpdate(1, { products: 3, changedAt: author.at }).files;
    const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
    assert.equal((await lab.store.findContentSources([sha1])).get(sha1), file?.url);
    assert.ok(Object.values(simulatedClassifications).length > 0);
  });
});
