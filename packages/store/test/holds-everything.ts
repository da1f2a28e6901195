// What a populated store must answer, whichever release populated it, and how work goes on there.
import assert from 'node:assert/strict';
import { parseUpdateDocument, sampleIds } from '@moult/catalog';
import { openLiveCatalog } from '../src/catalog/live-catalog.ts';
import { allComputers, type Store } from '../src/index.ts';
import { populated } from './populate.ts';

const later = new Date('2027-01-01T00:00:00Z');

/**
 * What `populate` told is there. `lastChange` undefined: whenever the server that was populated was first started.
 * `isMarked` false: code of before 0006 wrote the computers, and marks none that is a clone; its next contact will.
 */
export async function holdsEverything(store: Store, lastChange?: Date, { isMarked = true } = {}): Promise<void> {
  const { computerId, otherId, updates, at } = populated;
  assert.equal(await store.loadSetting('note'), "it's \\ kept\n");
  const identity = await store.loadServerIdentity('told', later);
  if (lastChange) assert.deepEqual(identity.lastChange, lastChange, 'clients need not fetch their configuration anew');

  const targeting = await store.loadTargeting(computerId);
  const web = (await store.loadGroups()).find(({ name }) => name === 'Größe <&>');
  assert.deepEqual([targeting?.isRegistered, targeting?.groupIds], [true, [web?.groupId]]);
  assert.equal((await store.loadTargeting(otherId))?.isRegistered, false);
  const [clone] = await store.listClones(new Date(0));
  if (isMarked) assert.equal(clone?.computerId, otherId);

  assert.equal(await store.countRevisions(), updates);
  const catalog = await openLiveCatalog(store, { unapproved: 'report' });
  const ids = [...catalog.index.updates()].flatMap(({ revisions }) => revisions.map(({ revisionId }) => revisionId));
  assert.equal(ids.length, updates);
  const documents = await store.loadDocuments(ids);
  for (const xml of documents.values()) parseUpdateDocument(xml);
  assert.equal(documents.size, updates);
  assert.equal((await store.loadFragments('core', ids)).size, updates);

  const decisions = await store.listDeploymentsOf(sampleIds.update);
  assert.deepEqual(
    decisions.map(({ action, deadline }) => [action, deadline?.toISOString()]),
    [
      ['Install', '2027-01-01T00:00:00.000Z'],
      ['PreDeploymentCheck', undefined],
    ],
  );
  assert.deepEqual(await store.loadDeclined(), []);
  assert.equal((await store.findContentFile('0'.repeat(40)))?.state, 'present');

  const events = await store.listReportingEvents({ limit: 10 });
  assert.deepEqual(
    events.map(({ eventNumber, timeAtTarget }) => [eventNumber, timeAtTarget]),
    [
      [156, at],
      [147, at],
    ],
  );
  assert.deepEqual(
    (await store.listStatesOf(computerId)).map(({ updateId, state }) => [updateId, state]),
    [[sampleIds.update, 'notInstalled']],
  );
  const [ping] = await store.listSelfUpdateEvents();
  assert.deepEqual([ping?.computerId, ping?.agentVersion, ping?.occurredAt], [computerId, '5.4.0.1', at]);
  assert.equal((await store.loadCounters()).get('malformed-pings'), 3);
  assert.ok((await store.listAudit({ limit: 100 })).length >= 7);
  const { isIntact, records } = await store.checkAudit();
  assert.ok(isIntact && records >= 7, 'the records of before are chained');
}

/** Ids that were given are not given again, and what is written lands beside what was there. */
export async function goesOn(store: Store): Promise<void> {
  const { computerId, at } = populated;
  const before = await store.listReportingEvents({ limit: 10 });
  const [newest] = before;
  assert.ok(newest);
  await store.recordReportingEvents(
    [newest, { ...newest, instanceId: 'a0000000-0000-0000-0000-00000000000f', eventNumber: 183 }],
    later,
  );
  const after = await store.listReportingEvents({ limit: 10 });
  assert.deepEqual(
    after.map(({ eventNumber }) => eventNumber),
    [183, 156, 147],
  );
  await store.setMembership(computerId, 'Servers', true, { name: 'tester', at });
  assert.equal((await store.loadTargeting(computerId))?.groupIds.length, 2);
  const decision = { groupId: 'a0a08746-4dbe-4a37-9adf-9e7652c0b421', administrator: 'tester', deadline: undefined };
  await store.deploy({ ...decision, updateId: sampleIds.product, action: 'Block' }, later);
  const ids = (await store.loadDeployments()).map(({ deploymentId }) => deploymentId);
  assert.equal(new Set(ids).size, 3);
}

/** The rest of what a server and its commands say to a store: everything that `goesOn` leaves there is asked or changed. */
export async function doesEverything(store: Store): Promise<void> {
  const { computerId, otherId } = populated;
  const author = { name: 'tester', at: later };
  await asksEverything(store);
  await store.registerComputer({
    ...{ computerId: otherId, dnsName: 'two.example.test', address: '192.0.2.8', agentVersion: '7.9.0.1', at: later },
    ...{ osVersion: '5.1.2600', osDescription: 'Windows XP', architecture: 'X86', manufacturer: '', model: '' },
    registration: {},
  });
  const computer = { computerId: otherId, dnsName: 'two.example.test', address: '192.0.2.8', at: later };
  await store.noteAuthorization({ ...computer, requestedGroups: ['Servers'] }, { assign: true });
  await store.noteContacts(new Map([[otherId, { at: later, synced: true, reported: false }]]));
  await store.addToCounters({ 'malformed-pings': 2, 'dropped-pings': 1 });
  await store.recordChange(author, { action: 'move damaged content', subject: '0', after: { why: 'damaged' } });
  await store.forgetContentFile('0'.repeat(40));
  await store.renameGroup('Servers', 'Machines', author);
  await store.setDeclined(sampleIds.update, true, author);
  await store.removeOldEvents(later, 1);
  await store.removeOldSelfUpdateEvents(later, 1);
  await store.removeRoutineEvents({
    after: 0,
    count: 10,
    eventNumbers: [147],
    receivedBefore: later,
    newestBelievable: later,
  });
  await asksEverything(store);
  await store.removeComputer(computerId, author);
}

async function asksEverything(store: Store): Promise<void> {
  const { computerId } = populated;
  await store.loadGenerations();
  await store.loadDeploymentHistory();
  await store.loadNewestTime();
  await store.loadHomeFacts(20);
  await store.loadServerStatus();
  await store.countGroups();
  await store.countStates(sampleIds.update);
  await store.findComputers('one');
  await store.findListedComputer(computerId);
  await store.listComputers({ limit: 10 });
  await store.listReports(computerId, 10);
  await store.listRevisions(0, 100);
  await store.pageUpdates({ search: 'sample' }, { limit: 10 });
  await store.listSupersedersOf(sampleIds.update);
  await store.pageComputers({}, { limit: 10 });
  await store.pageUpdates({}, { limit: 10 });
  await store.pageReports({ isFailed: true }, { limit: 10 });
  await store.findRevisions(sampleIds.update);
  await store.findExpectedFile('0'.repeat(40));
  await store.isExpectedName('sample.cab');
  assert.ok((await store.loadDeployments()).some(({ groupId }) => groupId === allComputers));
}
