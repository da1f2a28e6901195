// The store's promises, on both engines.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { sampleDocuments, sampleIds } from '@moult/catalog';
import { importDocuments } from '../src/catalog/import.ts';
import { openDatabase } from '../src/database.ts';
import { allComputers, openStore, type ReportedEvent, type Store, unassignedComputers } from '../src/index.ts';
import { migrate } from '../src/migrate.ts';
import { migrations } from '../src/migrations/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const author = { name: 'tester', at: new Date('2026-11-22T12:00:00Z') };
const computerId = 'e1da06a3-5601-43c9-bac3-52d5db701494';
const other = '11111111-5601-43c9-bac3-52d5db701494';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the store (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let store: Store;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => {
      await store.close();
      await postgres?.stop();
    });
    const newAddress = async () => (postgres ? postgres.createDatabase() : ':memory:');
    beforeEach(async () => {
      await store?.close();
      store = await openStore(await newAddress(), { now: () => author.at });
    });
    const authorize = (id: string, dnsName: string, requestedGroups: string[] = [], assign = false, at = author.at) =>
      store.noteAuthorization({ computerId: id, dnsName, address: '192.0.2.7', requestedGroups, at }, { assign });
    const importSample = () => {
      const cabinet = { sha1: `${'A'.repeat(27)}=`, sha256: `${'A'.repeat(43)}=`, sizeBytes: 1, modified: author.at };
      return importDocuments(store, sampleDocuments(cabinet), author.at);
    };

    it('brings a database of the first release to the newest schema, with what is in it', async () => {
      await using database = await openDatabase(engine === 'sqlite' ? ':memory:' : await newAddress());
      await migrate(database, author.at, migrations.slice(0, 1));
      const row = { computer_id: computerId, dns_name: 'Old.example.test', address: '', requested_groups: '' };
      await database.tables
        .insertInto('computers')
        .values({ ...row, first_contact: 5, last_contact: 9 })
        .execute();
      assert.deepEqual(
        await migrate(database, author.at),
        migrations.slice(1).map(({ name }) => name),
      );
      assert.deepEqual(await migrate(database, author.at), [], 'once');
      const names = await database.tables.selectFrom('computer_names').selectAll().execute();
      assert.deepEqual(
        names.map(({ name_key, last_seen }) => [name_key, last_seen]),
        [['old.example.test', 9]],
      );
      await assert.rejects(migrate(database, author.at, migrations.slice(0, 1)), { code: 'SERVER_DATABASE_TOO_NEW' });
    });

    it('revisions keep their ids, and ids are never given twice', async () => {
      const first = await importSample();
      assert.ok(first.every(({ isNew }) => isNew));
      const again = await importSample();
      assert.deepEqual(
        again,
        first.map(({ revisionId }) => ({ revisionId, isNew: false })),
      );
      const documents = await store.loadDocuments(first.map(({ revisionId }) => revisionId));
      assert.equal(documents.size, 4);
    });

    it('groups: names are unique whatever their case, built-in ones stay, full ones are not removed', async () => {
      const servers = await store.createGroup('Servers', undefined, author);
      await assert.rejects(store.createGroup('SERVERS', undefined, author), { code: 'SERVER_REFUSED' });
      await assert.rejects(store.createGroup('  ', undefined, author), { code: 'SERVER_REFUSED' });
      await assert.rejects(store.createGroup('x', 'nowhere', author), { code: 'SERVER_NOT_FOUND' });
      await assert.rejects(store.createGroup('x', unassignedComputers, author), { code: 'SERVER_REFUSED' });
      const web = await store.createGroup('Web', 'servers', author);
      assert.equal(web.parentId, servers.groupId);
      await assert.rejects(store.removeGroup('Servers', author), { code: 'SERVER_REFUSED' });
      await assert.rejects(store.removeGroup(allComputers, author), { code: 'SERVER_REFUSED' });
      await store.renameGroup('Web', 'Web Servers', author);
      await store.removeGroup('web servers', author);
      await store.removeGroup('Servers', author);
      assert.equal((await store.loadGroups()).length, 2);
      const actions = (await store.listAudit({ limit: 10 })).map(({ action }) => action);
      assert.deepEqual(actions, ['remove group', 'remove group', 'rename group', 'create group', 'create group']);
    });

    it('a computer in no group is in Unassigned Computers; each move says what was before', async () => {
      await store.createGroup('Lab', undefined, author);
      await authorize(computerId, 'a.example.test');
      assert.deepEqual((await store.loadTargeting(computerId))?.groupIds, [unassignedComputers]);
      await store.setMembership(computerId, 'Lab', true, author);
      assert.deepEqual((await store.listComputers({ limit: 5 }))[0]?.groups, ['Lab']);
      const counts = new Map((await store.countGroups()).map(({ name, computers }) => [name, computers]));
      assert.deepEqual([...counts].sort(), [
        ['All Computers', 1],
        ['Lab', 1],
        ['Unassigned Computers', 0],
      ]);
      await store.setMembership(computerId, 'Lab', false, author);
      const [record] = await store.listAudit({ limit: 1, subject: computerId });
      assert.deepEqual([record?.before, record?.after, record?.actor], [['Lab'], [], 'tester']);
      await assert.rejects(store.setMembership(computerId, 'All Computers', true, author), { code: 'SERVER_REFUSED' });
    });

    it('client-side targeting follows the policy, and never makes a group', async () => {
      await store.createGroup('Lab', undefined, author);
      await authorize(computerId, 'a', ['LAB', 'Nowhere', 'All Computers'], true);
      assert.deepEqual((await store.listComputers({ limit: 5 }))[0]?.groups, ['Lab']);
      await authorize(computerId, 'a', ['Nowhere'], true);
      assert.deepEqual((await store.listComputers({ limit: 5 }))[0]?.groups, ['Unassigned Computers']);
      assert.equal((await store.loadGroups()).length, 3);
    });

    it('client-side targeting leaves a record when it moves a computer, and only then', async () => {
      await store.createGroup('Lab', undefined, author);
      await store.createGroup('Web', undefined, author);
      for (const groups of [['Web', 'lab'], ['LAB', 'web'], ['Web']]) await authorize(computerId, 'a', groups, true);
      const records = await store.listAudit({ limit: 10, subject: computerId });
      assert.deepEqual(
        records.map(({ actor, action, before, after: now }) => [actor, action, before, now]),
        [
          ['client-side targeting', 'target computer', ['Lab', 'Web'], ['Web']],
          ['client-side targeting', 'target computer', [], ['Lab', 'Web']],
        ],
      );
    });

    it('a group keeps a name that policy can name, whoever asks for another, and however many at once', async () => {
      const { groupId } = await store.createGroup('Lab', undefined, author);
      for (const name of ['', ' ', 'a;b', 'a\nb', 'x'.repeat(257), 'all computers', allComputers]) {
        await assert.rejects(store.renameGroup('Lab', name, author), { code: 'SERVER_REFUSED' }, name);
        await assert.rejects(store.createGroup(name, undefined, author), { code: 'SERVER_REFUSED' }, name);
      }
      await store.renameGroup('Lab', 'LAB', author);
      assert.equal((await store.requireGroup(groupId)).name, 'LAB');
      const made = await Promise.allSettled(
        Array.from({ length: 8 }, () => store.createGroup('Same', undefined, author)),
      );
      const refused = made.filter((one) => one.status === 'rejected').map(({ reason }) => reason.code);
      assert.deepEqual(refused, Array(7).fill('SERVER_REFUSED'));
    });

    it('a removed group is on record with its computers and its decisions', async () => {
      await importSample();
      await authorize(computerId, 'a');
      const { groupId } = await store.createGroup('Lab', undefined, author);
      await store.setMembership(computerId, 'Lab', true, author);
      const updateId = sampleIds.update as string;
      await store.deploy({ updateId, groupId, action: 'Block', deadline: undefined, administrator: 'anna' }, author.at);
      await store.removeGroup('Lab', author);
      const [record] = await store.listAudit({ limit: 1 });
      const before = { groupId, name: 'Lab', parentId: allComputers, computers: [computerId] };
      assert.deepEqual(record?.before, { ...before, decisions: [{ updateId, action: 'Block', deadline: null }] });
      assert.deepEqual(await store.loadDeployments(), []);
    });

    it('clones are named: one identity under several names at a time', async () => {
      await authorize(computerId, 'first.example.test');
      await authorize(other, 'alone.example.test');
      assert.deepEqual(await store.listClones(new Date(0)), []);
      await authorize(computerId, 'second.example.test');
      await authorize(computerId, 'FIRST.example.test');
      const [clone, ...rest] = await store.listClones(new Date(0));
      assert.deepEqual(rest, []);
      assert.equal(clone?.computerId, computerId);
      assert.deepEqual(clone?.names.map(({ dnsName }) => dnsName).sort(), [
        'first.example.test',
        'second.example.test',
      ]);
      assert.deepEqual(await store.listClones(new Date('2027-01-01')), [], 'long ago does not count');
      const later = new Date(author.at.getTime() + 1000);
      await authorize(other, 'renamed.example.test', [], false, later);
      assert.equal((await store.listClones(new Date(0))).length, 1, 'a renamed computer is no clone');
      await authorize(other, 'alone.example.test', [], false, new Date(later.getTime() + 1000));
      assert.equal(
        (await store.listClones(new Date(0))).length,
        2,
        'one that has its old name again beside the new one is',
      );
    });

    it('decisions replace each other, and the audit tells both', async () => {
      await importSample();
      const decision = { updateId: sampleIds.update, groupId: allComputers, administrator: 'anna' };
      await store.deploy({ ...decision, action: 'Install', deadline: new Date('2027-01-01') }, author.at);
      const first = (await store.listDeploymentsOf(sampleIds.update))[0]?.changedAt ?? 0;
      await store.deploy({ ...decision, action: 'Uninstall', deadline: undefined }, author.at);
      const [deployment, ...rest] = await store.listDeploymentsOf(sampleIds.update);
      assert.deepEqual([rest.length, deployment?.action, deployment?.deadline], [0, 'Uninstall', undefined]);
      assert.deepEqual(await store.listDeploymentsOf([sampleIds.update, 'of-none']), [deployment]);
      assert.deepEqual(await store.listDeploymentsOf([]), []);
      assert.ok(deployment && deployment.changedAt > first, 'a change in the same millisecond is a change');
      const [record] = await store.listAudit({ limit: 1 });
      assert.deepEqual(record?.before, {
        groupId: allComputers,
        action: 'Install',
        deadline: '2027-01-01T00:00:00.000Z',
      });
      await store.setDeclined(sampleIds.update, true, author);
      assert.deepEqual(await store.loadDeclined(), [sampleIds.update]);
      await store.setDeclined(sampleIds.update, false, author);
      assert.deepEqual(await store.loadDeclined(), []);
    });

    it('a decision taken back is none any more, and stays on record', async () => {
      await importSample();
      const { groupId } = await store.createGroup('Lab', undefined, author);
      const decision = { updateId: sampleIds.update, groupId, administrator: 'anna', deadline: undefined };
      await store.deploy({ ...decision, action: 'Block' }, author.at);
      const first = (await store.listDeploymentsOf(sampleIds.update))[0]?.changedAt ?? 0;
      await store.deploy({ ...decision, action: 'Inherit' }, author.at);
      assert.deepEqual(await store.listDeploymentsOf(sampleIds.update), []);
      assert.deepEqual(await store.loadDeployments(), []);
      const [left] = await store.loadDeploymentHistory();
      assert.equal(left?.action, 'Inherit');
      assert.ok(left.changedAt > first);
      assert.equal((await store.loadHomeFacts(10)).deployments, 0);
      assert.deepEqual((await store.listAudit({ limit: 1 }))[0]?.before, { groupId, action: 'Block' });
    });

    it('approving a declined update takes the decline back, and says so', async () => {
      await importSample();
      await store.setDeclined(sampleIds.update, true, author);
      const decision = { updateId: sampleIds.update, groupId: allComputers, administrator: 'anna' };
      await store.deploy({ ...decision, action: 'Install', deadline: undefined }, author.at);
      assert.deepEqual(await store.loadDeclined(), []);
      const actions = (await store.listAudit({ limit: 2 })).map(({ actor, action }) => [actor, action]);
      assert.deepEqual(actions, [
        ['anna', 'undecline update'],
        ['anna', 'approve update'],
      ]);
    });

    it('states follow events as real WSUS derives them', async () => {
      await importSample();
      await authorize(computerId, 'a');
      await authorize(other, 'b');
      const update = sampleIds.update as string;
      const statesOf = async () =>
        (await store.listStatesOf(computerId)).map(({ updateId, state }) => [updateId, state]);
      const report = (...events: ReportedEvent[]) => store.recordReportingEvents(events, author.at);
      await report(event(156, { miscData: [`U=${update.toUpperCase()};${other}`, `h=${other}`, 'G=7.9'] }));
      assert.deepEqual(await statesOf(), [
        [update, 'notInstalled'],
        [other, 'downloaded'],
      ]);
      await report(
        event(162, { updateId: update }),
        event(181, { updateId: update }),
        event(201, { updateId: update }),
      );
      assert.deepEqual((await statesOf())[0], [update, 'notInstalled'], 'these change nothing');
      const failed = event(182, { updateId: update });
      await report(failed);
      assert.equal((await store.countStates(update)).failed, 1);
      await report(event(156, { miscData: [`V=${update}`] }));
      assert.deepEqual(await statesOf(), [[update, 'installed']], 'what is in no list is not applicable');
      await report(failed);
      assert.deepEqual(await statesOf(), [[update, 'installed']], 'an event that was counted is not counted again');
      await store.noteContacts(new Map([[computerId, { at: author.at, synced: true, reported: true }]]));
      const counts = await store.countStates(update);
      assert.deepEqual([counts.installed, counts.notApplicable, counts.unknown], [1, 0, 1]);
      const status = await store.loadServerStatus();
      assert.deepEqual(status.computers, { total: 2, neverReported: 1, needingUpdates: 0, withErrors: 0, silent: 0 });
    });

    it('a failure that arrives together with the later status report does not outlive it', async () => {
      await authorize(computerId, 'a');
      const early = event(182, { updateId: sampleIds.update, timeAtTarget: new Date('2026-11-22T10:00:00Z') });
      const late = event(156, { miscData: [`V=${sampleIds.update}`], timeAtTarget: new Date('2026-11-22T11:00:00Z') });
      await store.recordReportingEvents([late, early, late], author.at);
      assert.equal((await store.listStatesOf(computerId))[0]?.state, 'installed');
    });

    it('old events go, a portion at a time', async () => {
      await authorize(computerId, 'a');
      await store.recordReportingEvents([event(147), event(147), event(147)], new Date('2026-01-01'));
      await store.recordReportingEvents([event(147)], author.at);
      assert.equal(await store.removeOldEvents(new Date('2026-06-01'), 2), 2);
      assert.equal(await store.removeOldEvents(new Date('2026-06-01'), 2), 1);
      assert.equal((await store.listReportingEvents({ limit: 10 })).length, 1);
    });

    it('a removed computer is forgotten with all it said, and may come back', async () => {
      await authorize(computerId, 'a');
      await store.recordReportingEvents([event(156, { miscData: [`U=${sampleIds.update}`] })], author.at);
      await store.removeComputer(computerId, author);
      assert.equal(await store.loadTargeting(computerId), undefined);
      assert.deepEqual(await store.listStatesOf(computerId), []);
      await authorize(computerId, 'a');
      assert.equal((await store.loadTargeting(computerId))?.isRegistered, false);
    });
  });
}

function event(eventNumber: number, changes: Partial<ReportedEvent> = {}): ReportedEvent {
  return {
    instanceId: crypto.randomUUID(),
    computerId,
    timeAtTarget: author.at,
    namespaceId: 1,
    eventNumber,
    sourceId: 101,
    updateId: undefined,
    revisionNumber: 1,
    win32HResult: 0,
    appName: '',
    replacementStrings: [],
    miscData: [],
    ...changes,
  };
}
