// Why an update is not on all computers of a group.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sampleDocuments, sampleIds } from '@moult/catalog';
import { openStore } from '@moult/store';
import { importDocuments, openLiveCatalog } from '@moult/store/catalog';
import { explainUpdateInGroup } from './group.ts';

const at = new Date('2026-12-02T00:00:00Z');
const author = { name: 'anna', at };
const idOf = (number: number) => `11111111-0000-4000-8000-${String(number).padStart(12, '0')}`;

it('counts the computers of a group and of those inside of it by the reason of each', async () => {
  await using store = await openStore(':memory:', { now: () => at });
  const digest = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
  const sample = { sha1: digest(20), sha256: digest(32), sizeBytes: 1, modified: new Date(0) };
  await importDocuments(store, sampleDocuments(sample), at);
  const pilot = await store.createGroup('Pilot', undefined, author);
  const inside = await store.createGroup('Inside', pilot.groupId, author);
  const other = await store.createGroup('Other', undefined, author);
  for (const [number, group] of [pilot, pilot, inside, inside, other].entries()) {
    const computer = { computerId: idOf(number), dnsName: `pc${number}`, address: '192.0.2.7', requestedGroups: [] };
    const seen = number === 1 ? new Date('2026-11-01T00:00:00Z') : at;
    await store.noteAuthorization({ ...computer, at: seen }, { assign: false });
    await store.setMembership(idOf(number), group.groupId, true, author);
  }
  const decide = (groupId: string, action: 'Install' | 'Block') =>
    store.deploy({ updateId: sampleIds.update, groupId, action, deadline: undefined, administrator: 'anna' }, at);
  await decide(pilot.groupId, 'Install');
  const report = (number: number, list: string) => ({
    ...{ instanceId: `a3a3a3a3-0000-4000-8000-00000000000${number}`, computerId: idOf(number), timeAtTarget: at },
    ...{ namespaceId: 2, eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 0, win32HResult: 0 },
    ...{ appName: '', replacementStrings: [], miscData: [`${list}=${sampleIds.update}`] },
  });
  await store.recordReportingEvents([report(0, 'V'), report(2, 'U'), report(3, 'g')], at);
  const ask = async () => {
    const catalog = await openLiveCatalog(store, { unapproved: 'report' });
    return explainUpdateInGroup({ store, catalog }, { updateId: sampleIds.update, title: 'Sample' }, pilot, at);
  };
  const first = await ask();
  assert.deepEqual([first.computers, first.installed], [4, 1]);
  assert.deepEqual(first.reasons.map(({ reason, computers, examples }) => [reason, computers, examples]).sort(), [
    ['failed', 1, ['pc3']],
    ['silent', 1, ['pc1']],
    ['waiting', 1, ['pc2']],
  ]);
  await decide(inside.groupId, 'Block');
  const second = await ask();
  assert.deepEqual(
    second.reasons.map(({ reason, computers }) => [reason, computers]),
    [
      ['blocked', 2],
      ['silent', 1],
    ],
  );
});
