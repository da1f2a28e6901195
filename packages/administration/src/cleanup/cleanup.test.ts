// The cleanup on both engines, with catalogs of running servers beside it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseUpdateId } from '@moult/catalog';
import { allComputers, openStore, type Store } from '@moult/store';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { toRevision } from '../../../store/src/catalog/import.ts';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { approveAll, declineAll } from '../approvals.ts';
import type { Administration } from '../open-server.ts';
import { createAdministration, documentOf, idOf } from '../test/administration.ts';
import { type CleanupRequest, cleanUp, planCleanup } from './index.ts';

const day = 86_400_000;
// PostgreSQL stamps by its own clock.
const now = new Date();
const daysLater = (days: number) => new Date(now.getTime() + days * day);
const part = 'ExplicitlyDeployable="false"';
const silentLog = { info() {}, warn() {}, error() {}, debug() {} };
const computer = (at: number) => `aaaaaaaa-0000-4000-8000-${String(at).padStart(12, '0')}`;

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a cleanup (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(() => postgres?.stop());

    /** A server whose updates were imported now. Work on it happens 100 days later. */
    async function lab(documents: readonly string[], days = 100) {
      const store = await openStore((await postgres?.createDatabase()) ?? ':memory:', { now: () => now });
      await importDocuments(store, documents, now);
      const { server } = await createAdministration();
      const as = (at: Date): Administration => ({ store, server, author: { name: 'anna', at } });
      const catalog = await openLiveCatalog(store, { unapproved: 'report', freshMs: 1 });
      const parts = { administration: as(daysLater(days)), catalog, log: silentLog };
      const titles = async () => (await store.listRevisions(0, 100)).map((one) => `${one.title}@${one.revisionNumber}`);
      return { store, catalog, parts, as, titles, [Symbol.asyncDispose]: () => store.close() };
    }
    const updatesOnly: CleanupRequest = { tasks: ['declined-updates', 'old-revisions'] };

    it('removes declined updates with their parts, and old revisions, as its plan said', async () => {
      await using made = await lab([
        documentOf(idOf(0), 'Kept', { revision: 1 }),
        documentOf(idOf(0), 'Kept', { revision: 2 }),
        documentOf(idOf(1), 'Bundle', { bundles: [idOf(2)] }),
        documentOf(idOf(2), 'Part', { attributes: part }),
        documentOf(idOf(3), 'Approved'),
      ]);
      const { store, parts, titles, as, catalog } = made;
      await approveAll(as(now), ['Approved', 'Bundle'], { groups: ['All Computers'], action: 'Install' });
      await store.recordReportingEvents([report(1, idOf(1))], now);
      await declineAll(as(now), ['Bundle'], true);
      // Of another server.
      const other = await openLiveCatalog(store, { unapproved: 'report', freshMs: 1 });
      const planned = await planCleanup(parts, updatesOnly);
      assert.deepEqual(planned.parts, [
        { task: 'declined-updates', items: 1, revisions: 2, examples: ['Bundle'] },
        { task: 'old-revisions', items: 1, revisions: 1, examples: ['Kept'] },
      ]);
      assert.equal((await titles()).length, 5, 'a plan changes nothing');
      assert.deepEqual(await cleanUp(parts, updatesOnly), planned);
      assert.deepEqual(await titles(), ['Kept@2', 'Approved@1']);
      for (const one of [catalog, other]) {
        await one.refresh();
        assert.equal(one.index.size, 2);
      }
      assert.deepEqual([...(await store.listStatesOf(computer(1)))], []);
      assert.equal((await store.listDeploymentsOf(idOf(1))).length, 0, 'its approval is taken back');
      assert.deepEqual(await store.findRevisions(idOf(1)), []);
      assert.equal((await store.pageUpdates({}, { limit: 10, sort: 'title', isDescending: false })).items.length, 2);
      const actions = (await store.listAudit({ limit: 20 })).map(({ action }) => action);
      for (const action of ['remove update', 'remove old revisions']) assert.ok(actions.includes(action), action);
      assert.equal((await store.checkAudit()).isIntact, true);
      const again = await cleanUp(parts, updatesOnly);
      assert.deepEqual(
        again.parts.map(({ items }) => items),
        [0, 0],
      );
      assert.equal(await store.recountFigures(), 0);
    });

    it('leaves what was declined a short time ago, and what is not declined any more', async () => {
      await using made = await lab([documentOf(idOf(0), 'A'), documentOf(idOf(1), 'B')], 89);
      const { parts, as, titles } = made;
      await declineAll(as(now), ['A', 'B'], true);
      await cleanUp(parts, updatesOnly);
      assert.equal((await titles()).length, 2);
      const later = { ...parts, administration: as(daysLater(91)) };
      await declineAll(as(now), ['B'], false);
      await cleanUp(later, updatesOnly);
      assert.deepEqual(await titles(), ['B@1']);
    });

    it('chooses again when an import names meanwhile what it was about to remove', async () => {
      await using made = await lab([documentOf(idOf(0), 'Needed', { attributes: part }), documentOf(idOf(1), 'Free')]);
      const { store, parts, as, titles } = made;
      await declineAll(as(now), ['Free'], true);
      let isFirst = true;
      const racing: Store = {
        ...store,
        async removeRevisions(step, author) {
          if (isFirst) await importDocuments(store, [documentOf(idOf(5), 'New', { bundles: [idOf(0)] })], now);
          isFirst = false;
          return store.removeRevisions(step, author);
        },
      };
      const administration = { ...parts.administration, store: racing };
      await cleanUp({ ...parts, administration }, updatesOnly);
      assert.deepEqual(await titles(), ['Needed@1', 'New@1']);
    });

    it('gives up with what it has done when every step meets another import, and says so', async () => {
      await using made = await lab([documentOf(idOf(0), 'Free')]);
      const { store, parts, as, titles } = made;
      await declineAll(as(now), ['Free'], true);
      let imports = 10;
      const racing: Store = {
        ...store,
        async removeRevisions(step, author) {
          await importDocuments(store, [documentOf(idOf(imports++), 'New')], now);
          return store.removeRevisions(step, author);
        },
      };
      const administration = { ...parts.administration, store: racing };
      const cut = await cleanUp({ ...parts, administration, choices: 2 }, updatesOnly);
      assert.deepEqual([cut.isCut, cut.parts[0]?.items], [true, 0]);
      assert.deepEqual(await titles(), ['Free@1', 'New@1', 'New@1']);
      assert.equal((await cleanUp(parts, updatesOnly)).isCut, false);
      assert.deepEqual(await titles(), ['New@1', 'New@1']);
    });

    it('keeps the parts of a bundle whose decline ends meanwhile', async () => {
      await using made = await lab([
        documentOf(idOf(0), 'Bundle', { bundles: [idOf(1)] }),
        documentOf(idOf(1), 'Part', { attributes: part }),
      ]);
      const { store, parts, as, titles } = made;
      await declineAll(as(now), ['Bundle'], true);
      let isFirst = true;
      const racing: Store = {
        ...store,
        async removeRevisions(step, author) {
          if (isFirst) await declineAll(as(now), ['Bundle'], false);
          isFirst = false;
          return store.removeRevisions(step, author);
        },
      };
      await cleanUp({ ...parts, administration: { ...parts.administration, store: racing } }, updatesOnly);
      assert.deepEqual(await titles(), ['Bundle@1', 'Part@1']);
    });

    it('leaves whole steps when it is stopped, and the next one does the rest', async () => {
      const documents = Array.from({ length: 250 }, (_, at) => documentOf(idOf(at), `Update ${at}`));
      await using made = await lab(documents);
      const { store, parts, as, titles } = made;
      await declineAll(
        as(now),
        documents.map((_, at) => idOf(at)),
        true,
      );
      const stopping = new AbortController();
      const cut = await cleanUp({ ...parts, signal: stopping.signal, onProgress: () => stopping.abort() }, updatesOnly);
      assert.deepEqual([cut.isCut, cut.parts[0]?.items, await store.countRevisions()], [true, 100, 150]);
      assert.equal((await cleanUp(parts, updatesOnly)).parts[0]?.items, 150);
      assert.deepEqual(await titles(), []);
    });

    it('leaves the name of a removed update declined: when it comes again, nobody is offered it', async () => {
      await using made = await lab([documentOf(idOf(0), 'Again')]);
      const { store, parts, as, catalog } = made;
      await approveAll(as(now), ['Again'], { groups: ['All Computers'], action: 'Install' });
      await declineAll(as(now), ['Again'], true);
      await cleanUp(parts, updatesOnly);
      const [again] = await importDocuments(store, [documentOf(idOf(0), 'Again')], now);
      assert.ok((again?.revisionId ?? 0) > 1, 'a client may still know the id of before');
      await catalog.refresh();
      const offer = catalog.decide({ groupIds: [allComputers], facts: {} }, now);
      assert.equal(offer.deployments.isDeclined(parseUpdateId(idOf(0))), true);
      assert.equal(catalog.index.size, 1);
    });

    it('keeps a synchronisation from bringing it again, until a new update names it', async () => {
      await using made = await lab([documentOf(idOf(0), 'Part', { attributes: part }), documentOf(idOf(1), 'Needed')]);
      const { store, parts, as } = made;
      await declineAll(as(now), ['Needed'], true);
      await cleanUp(parts, updatesOnly);
      const parameters = {
        upstream: 'http://wsus:8530',
        owner: 'a',
        leaseUntil: daysLater(1),
        now,
        isGone: () => false,
      };
      const own = { runId: (await store.beginSync(parameters)).run.runId, owner: 'a' };
      const identities = [0, 1, 2].map((at) => ({ updateId: parseUpdateId(idOf(at)), revisionNumber: 1 }));
      await store.noteSyncList(own, 'updates', { anchor: '1', identities });
      const wanted = async () => (await store.loadWanted(0, 10)).map(({ identity }) => identity.updateId);
      assert.deepEqual(await wanted(), [idOf(2)]);
      const needs = `<upd:Relationships><upd:Prerequisites><upd:UpdateIdentity UpdateID="${idOf(1)}" /></upd:Prerequisites>
<upd:BundledUpdates><upd:UpdateIdentity UpdateID="${idOf(0)}" RevisionNumber="1" /></upd:BundledUpdates></upd:Relationships>`;
      const revision = toRevision(documentOf(idOf(2), 'New', { rest: needs }));
      await store.stageSync(own, { revisions: [revision], failures: [], sources: [], calls: 1, bytes: 1 });
      assert.deepEqual((await wanted()).sort(), [idOf(0), idOf(1)]);
    });

    it('removes silent computers and old events when it is told their days', async () => {
      await using made = await lab([documentOf(idOf(0), 'A')]);
      const { store, parts } = made;
      await store.recordReportingEvents([report(1, idOf(0)), report(2, idOf(0))], now);
      for (const [at, days] of [
        [1, 0],
        [2, 95],
      ] as const) {
        const told = { computerId: computer(at), dnsName: `pc${at}`, address: '192.0.2.7', requestedGroups: [] };
        await store.noteAuthorization({ ...told, at: daysLater(days) }, { assign: false });
      }
      assert.deepEqual(
        (await planCleanup(parts)).parts.map(({ task }) => task),
        ['declined-updates', 'old-revisions', 'content'],
      );
      const request: CleanupRequest = { tasks: ['computers', 'events'], computerDays: 30, eventDays: 60 };
      const planned = await planCleanup(parts, request);
      assert.deepEqual(planned.parts, [
        { task: 'computers', items: 1, examples: ['pc1'] },
        { task: 'events', items: 2, examples: [] },
      ]);
      const removed = await cleanUp(parts, request);
      assert.deepEqual(
        removed.parts.map(({ task, items }) => [task, items]),
        [
          ['computers', 1],
          // The other one went with its computer.
          ['events', 1],
        ],
      );
      assert.deepEqual(
        (await store.pageComputers({}, { limit: 9, sort: 'name', isDescending: false })).items.map(
          ({ dnsName }) => dnsName,
        ),
        ['pc2'],
      );
    });

    it('removes nothing by a clock that is not believed, and asks for days that are missing', async () => {
      await using made = await lab([documentOf(idOf(0), 'A')], 12 * 365);
      const { parts, as, titles } = made;
      await declineAll(as(now), ['A'], true);
      await assert.rejects(cleanUp(parts), { code: 'ADMINISTRATION_CLOCK' });
      await assert.rejects(planCleanup(parts), { code: 'ADMINISTRATION_CLOCK' });
      assert.deepEqual(await titles(), ['A@1']);
      const later = { ...parts, administration: as(daysLater(100)) };
      await assert.rejects(cleanUp(later, { tasks: ['events'] }), { code: 'SERVER_REFUSED' });
    });
  });

function report(at: number, updateId: string) {
  return {
    ...{
      instanceId: crypto.randomUUID(),
      computerId: computer(at),
      timeAtTarget: now,
      namespaceId: 1,
      eventNumber: 182,
    },
    ...{
      sourceId: 101,
      updateId,
      revisionNumber: 1,
      win32HResult: 0,
      appName: '',
      replacementStrings: [],
      miscData: [],
    },
  };
}
