// What an approval would do: counted before it is done, and nothing changes.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { importDocuments } from '@moult/store/catalog';
import { forecastApproval, listFilesOf } from './forecast.ts';
import { addComputer, author, createAdministration, documentOf, idOf } from './test/administration.ts';
import { countByGroup } from './updates.ts';

const computerId = (number: number) => `${String(number).padStart(8, '0')}-5601-43c9-bac3-52d5db701494`;
const fileOf = (name: string, byte: number, size: number) =>
  `<upd:Files><upd:File Digest="${Buffer.alloc(20, byte).toString('base64')}" DigestAlgorithm="SHA1" FileName="${name}" Size="${size}" /></upd:Files>`;

it('a forecast counts computers of the groups and of those inside, all files once, and restarts of the parts', async () => {
  await using administration = await createAdministration();
  const { store } = administration;
  const restart = '<upd:InstallationBehavior RebootBehavior="CanRequestReboot" />';
  await importDocuments(
    store,
    [
      documentOf(idOf(0), 'Part', { attributes: '', properties: restart, rest: fileOf('a.cab', 1, 700) }),
      documentOf(idOf(1), 'Whole', { bundles: [idOf(0)], rest: fileOf('b.cab', 2, 50) }),
    ],
    author.at,
  );
  const outer = await store.createGroup('Outer', undefined, author);
  const inner = await store.createGroup('Inner', outer.groupId, author);
  for (const number of [1, 2, 3]) await addComputer(administration, computerId(number), `pc-${number}`);
  await store.setMembership(computerId(1), outer.groupId, true, author);
  await store.setMembership(computerId(2), inner.groupId, true, author);
  const report = (number: number, miscData: string[]) => ({
    ...{ instanceId: crypto.randomUUID(), computerId: computerId(number), timeAtTarget: author.at, namespaceId: 1 },
    ...{ eventNumber: 156, sourceId: 101, updateId: undefined, revisionNumber: 1, win32HResult: 0, appName: '' },
    ...{ replacementStrings: [], miscData },
  });
  await store.recordReportingEvents([report(2, [`U=${idOf(1)}`]), report(3, [`U=${idOf(1)}`])], author.at);
  const facts = { sha256: 'ab', sizeBytes: 50, extension: '.cab', verifiedAt: author.at };
  await store.saveContentFile({ ...facts, sha1: '02'.repeat(20), state: 'present' });

  const { computers, updates } = await forecastApproval(administration, {
    updates: ['Whole', idOf(1)],
    groups: ['Outer'],
  });
  assert.equal(computers, 2);
  const sizes = { downloadBytes: 750, missingBytes: 700, restart: 'can' };
  assert.deepEqual(updates, [{ updateId: idOf(1), title: 'Whole', needing: 1, unknown: 1, ...sizes }]);
  assert.deepEqual(await store.listDeploymentsOf(idOf(1)), []);
  assert.deepEqual(
    (await listFilesOf(administration, 'Whole')).map(({ fileName, isMissing }) => [fileName, isMissing]).sort(),
    [
      ['a.cab', true],
      ['b.cab', false],
    ],
  );
  assert.deepEqual(
    (await countByGroup(administration, 'Whole')).map(({ group, needed }) => [group, needed]),
    [
      ['Inner', 1],
      ['Unassigned Computers', 1],
    ],
  );
  await assert.rejects(forecastApproval(administration, { updates: ['Whole'], groups: ['Nowhere'] }), {
    code: 'SERVER_NOT_FOUND',
  });
});
