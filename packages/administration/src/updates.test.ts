import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { it } from 'node:test';
import { approve, declineAll } from './approvals.ts';
import { importUpdates } from './imports/import-updates.ts';
import { readDocuments } from './imports/read-documents.ts';
import { createAdministration, documentOf, idOf } from './test/administration.ts';
import { listUpdates, showUpdate } from './updates.ts';

it('a list is narrowed by approval first and cut off last', async () => {
  await using administration = await createAdministration(['A', 'B', 'C']);
  await approve(administration, { update: 'B', action: 'Install' });
  await declineAll(administration, ['C'], true);
  const titles = async (wanted: Parameters<typeof listUpdates>[1]) =>
    (await listUpdates(administration, wanted)).items.map(({ title, approval }) => `${title} ${approval}`);
  assert.deepEqual(await titles({ limit: 10 }), ['A unapproved', 'B approved', 'C declined']);
  assert.deepEqual(await titles({ limit: 1, approval: 'declined' }), ['C declined']);
  assert.deepEqual(await titles({ limit: 10, isSuperseded: true }), []);
});

it('a page asks for all its decisions at once, and each update has its own', async () => {
  await using administration = await createAdministration(['A', 'B', 'C']);
  await approve(administration, { update: 'A', action: 'Install' });
  await approve(administration, { update: 'C', action: 'Block' });
  let asked = 0;
  const listDeploymentsOf: typeof administration.store.listDeploymentsOf = (updates) => {
    asked++;
    return administration.store.listDeploymentsOf(updates);
  };
  const counting = { ...administration, store: { ...administration.store, listDeploymentsOf } };
  const { items } = await listUpdates(counting, { limit: 10 });
  assert.deepEqual(
    items.map(({ decisions }) => decisions.map(({ action }) => action)),
    [['Install'], [], ['Block']],
  );
  assert.equal(asked, 1);
});

it('an update shows who decided what, by the name of the group', async () => {
  await using administration = await createAdministration(['A']);
  await approve(administration, { update: 'A', action: 'Install' });
  const [decision] = (await showUpdate(administration, idOf(0))).decisions;
  assert.deepEqual([decision?.group, decision?.action, decision?.administrator], ['All Computers', 'Install', 'anna']);
});

it('an import is recorded when it brought anything', async () => {
  await using administration = await createAdministration();
  const importing = () =>
    importUpdates(
      administration,
      readDocuments(['-'], Readable.from([Buffer.from(documentOf(idOf(1), 'A'))])),
      () => {},
    );
  assert.deepEqual([(await importing()).new, (await importing()).unchanged], [1, 1]);
  const records = await administration.store.listAudit({ limit: 10 });
  assert.deepEqual(
    records.map(({ action }) => action),
    ['import updates'],
  );
});
