// SyncUpdates over many trips: pages, what falls out of scope, and what a client is told when its groups change.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sampleIds } from '@moult/catalog';
import { clientWebService } from '@moult/protocol/client-web-service';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { allComputers, openStore, type Store } from '../../store/src/index.ts';
import { firstComputerId, openSession } from './agent-session.ts';
import { ask } from './soap-client.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const author = { name: 'test', at: new Date() };

/** A software update without prerequisites, whose Core fragment has about `kibibytes`. */
function softwareDocument(number: number, kibibytes: number): string {
  const rule = `<bar:FileExists Path="${'x'.repeat(200)}"/>`;
  const rules = rule.repeat(Math.ceil((kibibytes * 1024) / 230));
  return `<upd:Update xmlns:upd="http://schemas.microsoft.com/msus/2002/12/Update" xmlns:bar="http://schemas.microsoft.com/msus/2002/12/BaseApplicabilityRules" xmlns:lar="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules">
<upd:UpdateIdentity UpdateID="50000000-0000-4000-8000-${String(number).padStart(12, '0')}" RevisionNumber="1"/>
<upd:Properties UpdateType="Software" DefaultPropertiesLanguage="en" CreationDate="2024-01-01T00:00:00Z" PublisherID="bccf8ca0-2819-4598-8d15-c1506e363e92" ExplicitlyDeployable="true"/>
<upd:LocalizedPropertiesCollection><upd:LocalizedProperties><upd:Language>en</upd:Language><upd:Title>Software ${number}</upd:Title></upd:LocalizedProperties></upd:LocalizedPropertiesCollection>
<upd:ApplicabilityRules><upd:IsInstalled><lar:And>${rules}</lar:And></upd:IsInstalled></upd:ApplicabilityRules></upd:Update>`;
}

const openStoreOf = (server: TestServer): Promise<Store> =>
  openStore(`${server.dataDir}/moult.sqlite`, { now: () => new Date() });
const seen = () => new Promise((resolve) => setTimeout(resolve, 150));

describe('pages', () => {
  let small: TestServer;
  let large: TestServer;
  before(async () => {
    small = await startTestServer({ config: { maxUpdatesPerSync: 2 } });
    large = await startTestServer({ config: { maxAnswerMib: 1 } });
    for (const server of [small, large]) {
      const store = await openStoreOf(server);
      const documents = Array.from({ length: 9 }, (_, number) => softwareDocument(number, server === large ? 400 : 1));
      await importDocuments(store, documents, new Date());
      await store.close();
    }
    await seen();
  });
  after(() => Promise.all([small.stop(), large.stop()]));

  it('hold as many updates as the setting says; Truncated tells the client to call again, and nothing is missed', async () => {
    const session = await openSession(small.url);
    const sizes: number[] = [];
    for (let truncated = true; truncated; ) {
      const page = await session.sync();
      sizes.push(page.newUpdates.length);
      truncated = page.truncated || page.newUpdates.some(({ isLeaf }) => !isLeaf);
    }
    assert.ok(sizes.length > 5 && sizes.every((size) => size <= 2), sizes.join());
    const other = await openSession(large.url);
    await other.syncToTheEnd();
    assert.equal(session.updates.size, other.updates.size);
  });

  it('are cut where the answer would become too large, and always hold one', async () => {
    const session = await openSession(large.url);
    const first = await session.sync();
    assert.equal(first.truncated, true);
    const total = first.newUpdates.reduce((sum, { xml }) => sum + (xml?.escaped.length ?? 0), 0);
    assert.ok(total < 1_048_576 + 1024, `${total} bytes of fragments`);
    const trips = await session.syncToTheEnd();
    assert.ok(trips >= 4, `${trips} trips`);
  });

  it('a fragment larger than any answer comes alone', async () => {
    await using server = await startTestServer({ config: { maxAnswerMib: 1, firstCatalog: 'empty' } });
    const store = await openStoreOf(server);
    await importDocuments(store, [softwareDocument(1, 1500), softwareDocument(2, 1500)], new Date());
    await store.close();
    await seen();
    const session = await openSession(server.url);
    const pages = [await session.sync(), await session.sync(), await session.sync()];
    assert.deepEqual(
      pages.map(({ newUpdates, truncated }) => [newUpdates.length, truncated]),
      [
        [1, true],
        [1, false],
        [0, false],
      ],
    );
  });
});

describe('what a client is told of what it has', () => {
  let server: TestServer;
  let store: Store;
  before(async () => {
    server = await startTestServer();
    store = await openStoreOf(server);
  });
  after(async () => {
    await store.close();
    await server.stop();
  });

  it('still deployed but not needed now: in the list of its own, for clients that ask for two', async () => {
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    const leaf = [...session.updates.values()].find(({ deployment }) => deployment?.action === 'Install');
    const lists = { installedNonLeafUpdateIds: [], otherCachedUpdateIds: [leaf?.id ?? 0, 987_654] };
    const one = await session.sync(lists);
    assert.deepEqual([one.outOfScopeRevisionIds, one.deployedOutOfScopeRevisionIds], [[leaf?.id, 987_654], []]);
    const two = await session.sync({ ...lists, needTwoGroupOutOfScopeUpdates: true });
    assert.deepEqual([two.outOfScopeRevisionIds, two.deployedOutOfScopeRevisionIds], [[987_654], [leaf?.id]]);
  });

  it('clients that speak less than 1.7 get neither the second list nor DriverSyncNotNeeded', async () => {
    for (const [protocolVersion, knows] of [
      ['1.6', false],
      ['1.7', true],
      ['2.90', true],
    ] as const) {
      const session = await openSession(server.url, { protocolVersion });
      await session.syncToTheEnd();
      const [leaf] = [...session.updates.values()].filter(({ deployment }) => deployment?.action === 'Install');
      const lists = { installedNonLeafUpdateIds: [], otherCachedUpdateIds: [leaf?.id ?? 0] };
      const info = await session.sync({ ...lists, needTwoGroupOutOfScopeUpdates: true });
      const [expected, empty] = knows
        ? [info.deployedOutOfScopeRevisionIds, info.outOfScopeRevisionIds]
        : [info.outOfScopeRevisionIds, info.deployedOutOfScopeRevisionIds];
      assert.deepEqual([expected, empty], [[leaf?.id], []], protocolVersion);
      assert.equal(info.driverSyncNotNeeded, knows ? 'true' : undefined, protocolVersion);
      const drivers = await session.sync({ skipSoftwareSync: true });
      assert.equal(drivers.driverSyncNotNeeded, knows ? 'true' : undefined, protocolVersion);
    }
  });

  it('declined: out of scope, whichever list is asked for', async () => {
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    const held = [...session.updates.values()].find(({ xml }) => xml?.text.includes(sampleIds.update));
    await store.setDeclined(sampleIds.update, true, author);
    await seen();
    const told = await session.sync({ needTwoGroupOutOfScopeUpdates: true });
    assert.deepEqual([told.outOfScopeRevisionIds, told.deployedOutOfScopeRevisionIds], [[held?.id], []]);
    await store.setDeclined(sampleIds.update, false, author);
    await seen();
    assert.deepEqual(
      (await session.sync()).newUpdates.map(({ id }) => id),
      [held?.id],
    );
  });

  it('a computer that comes into another group is told what is decided there, however long ago that was', async () => {
    const pilots = await store.createGroup('Pilots', undefined, author);
    const decision = { updateId: sampleIds.update, deadline: undefined, administrator: 'test' };
    await store.deploy({ ...decision, groupId: allComputers, action: 'PreDeploymentCheck' }, new Date());
    await store.deploy({ ...decision, groupId: pilots.groupId, action: 'Install' }, new Date());
    await store.deploy({ ...decision, groupId: allComputers, action: 'PreDeploymentCheck' }, new Date());
    await seen();
    const session = await openSession(server.url);
    await session.syncToTheEnd();
    const actionOf = (page: Awaited<ReturnType<typeof session.sync>>) =>
      page.changedUpdates.map(({ deployment }) => deployment?.action).filter((action) => action !== 'Evaluate');
    await store.setMembership(firstComputerId, pilots.groupId, true, author);
    assert.deepEqual(
      actionOf(await session.sync()).filter((action) => action === 'Install'),
      ['Install'],
    );
    assert.deepEqual(actionOf(await session.sync()), [], 'told once');
    await store.setMembership(firstComputerId, pilots.groupId, false, author);
    const back = await session.sync();
    const changed = back.changedUpdates.find(({ id }) => session.updates.get(id)?.xml?.text.includes(sampleIds.update));
    assert.equal(changed?.deployment?.action, 'PreDeploymentCheck');
  });

  it('OptionalInstall goes to clients that know it; older ones are told Install, and IsAssigned false', async () => {
    const decision = { updateId: sampleIds.update, groupId: allComputers, deadline: undefined, administrator: 'test' };
    const told = async (protocolVersion: string) => {
      const session = await openSession(server.url, { protocolVersion });
      await session.syncToTheEnd();
      const found = [...session.updates.values()].find(({ xml }) => xml?.text.includes(sampleIds.update));
      const globalIds = [{ updateId: sampleIds.update, revisionNumber: 1 }];
      const { results } = await ask(server.url, clientWebService, 'RefreshCache', {
        ...{ cookie: session.cookie, globalIds },
      });
      return [found?.deployment, results[0]?.deployment].map((one) => [one?.action, one?.isAssigned]);
    };
    // Clients of several protocols one after the other: what was made ready for one must not go to the next.
    const protocols = ['2.90', '2.0', '1.9', '1.8', '1.0', '2.0'];
    await store.deploy({ ...decision, action: 'OptionalInstall' }, new Date());
    await seen();
    for (const protocol of protocols) {
      const expected = protocol.startsWith('2') ? ['OptionalInstall', false] : ['Install', false];
      assert.deepEqual(await told(protocol), [expected, expected], protocol);
    }
    await store.deploy({ ...decision, action: 'Install' }, new Date());
    await seen();
    for (const protocol of protocols) {
      assert.deepEqual(await told(protocol), [
        ['Install', true],
        ['Install', true],
      ]);
    }
  });
});
