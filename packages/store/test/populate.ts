// A little of everything that a server comes to hold, told to its store as the services and the administrator tell it.
import { sampleDocuments, sampleIds } from '@moult/catalog';
import { generateCatalog } from '../../catalog/test/generate-catalog.ts';
import { importDocuments } from '../src/catalog/import.ts';
import { allComputers, type Store } from '../src/index.ts';

export const populated = {
  at: new Date('2026-11-22T12:00:00Z'),
  computerId: 'e1da06a3-5601-43c9-bac3-52d5db701494',
  otherId: '11111111-5601-43c9-bac3-52d5db701494',
  updates: 24,
};

export async function populate(store: Store): Promise<void> {
  const { at, computerId, otherId } = populated;
  const author = { name: 'administrator', at };
  await store.loadServerIdentity('told', at);
  await store.saveSetting('note', "it's \\ kept\n");
  const cabinet = { sha1: `${'A'.repeat(27)}=`, sha256: `${'A'.repeat(43)}=`, sizeBytes: 1, modified: at };
  await importDocuments(store, sampleDocuments(cabinet), at);
  await importDocuments(store, [...generateCatalog(populated.updates - 4)], at);
  await store.saveContentFile({
    ...{ sha1: '0'.repeat(40), sha256: '0'.repeat(64), sizeBytes: 1, extension: '.cab', verifiedAt: at },
    state: 'present',
  });
  await store.createGroup('Servers', undefined, author);
  const web = await store.createGroup('Größe <&>', 'Servers', author);
  for (const [id, name] of [
    [computerId, 'one.example.test'],
    [otherId, 'two.example.test'],
    [otherId, 'clone.example.test'],
  ] as const) {
    const computer = { computerId: id, dnsName: name, address: '192.0.2.7', requestedGroups: ['Servers'], at };
    await store.noteAuthorization(computer, { assign: false });
  }
  await store.registerComputer({
    ...{ computerId, dnsName: 'one.example.test', address: '192.0.2.7', agentVersion: '7.9.0.1', at },
    ...{ osVersion: '10.0.26200', osDescription: 'Windows 11 Pro', architecture: 'AMD64' },
    ...{ manufacturer: 'Example', model: 'Model 1', registration: { osLocale: 'en-US', suiteMask: 256 } },
  });
  await store.setMembership(computerId, web.groupId, true, author);
  const decision = { updateId: sampleIds.update, groupId: allComputers, administrator: author.name };
  await store.deploy({ ...decision, action: 'Install', deadline: new Date('2027-01-01T00:00:00Z') }, at);
  await store.deploy({ ...decision, groupId: web.groupId, action: 'PreDeploymentCheck', deadline: undefined }, at);
  await store.setDeclined(sampleIds.update, true, author);
  await store.setDeclined(sampleIds.update, false, author);
  const event = {
    ...{ computerId, timeAtTarget: at, namespaceId: 1, sourceId: 101, revisionNumber: 0, win32HResult: 0 },
    ...{ appName: 'AutomaticUpdates', replacementStrings: ['1'], updateId: undefined },
  };
  await store.recordReportingEvents(
    [
      { ...event, instanceId: 'a0000000-0000-0000-0000-000000000001', eventNumber: 147, miscData: [] },
      {
        ...{ ...event, instanceId: 'a0000000-0000-0000-0000-000000000002', eventNumber: 156 },
        miscData: [`U=${sampleIds.update.toUpperCase()}`],
      },
    ],
    at,
  );
  await store.noteContacts(new Map([[computerId, { at, synced: true, reported: true }]]));
  await store.recordSelfUpdateEvents([
    {
      ...{ receivedAt: at, occurredAt: at, computerId, address: '192.0.2.7', userAgent: 'Industry Update Control' },
      ...{ component: 'w', activity: 'selfupdate', item: '', device: '', platform: '5.1.2600', language: 'en' },
      ...{ status: 's', resultCode: '00000000', message: '', agentGeneration: 'sus' as const, agentVersion: '5.4.0.1' },
    },
  ]);
  await store.addToCounters({ 'malformed-pings': 3 });
}
