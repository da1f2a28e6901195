import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addComputer, createAdministration, idOf } from '../test/administration.ts';
import { noteSetUpStep, readSetUp, type SetUpStepName } from './index.ts';

it('a step that was left out can be opened again, and is done once the server has what it brings', async () => {
  await using administration = await createAdministration(['First']);
  const { store, author } = administration;
  const stateOf = async (name: SetUpStepName) =>
    (await readSetUp(administration)).steps.find(({ step }) => step === name)?.state;
  const all = async () => (await readSetUp(administration)).steps.map(({ state }) => state).join(' ');
  assert.equal(await all(), 'open open open open open');

  await noteSetUpStep(administration, 'clients', { state: 'skipped' });
  assert.equal(await stateOf('clients'), 'skipped');
  await noteSetUpStep(administration, 'clients', { state: 'open' });
  assert.equal(await stateOf('clients'), 'open');
  await addComputer(administration, '1', 'pc1');
  assert.equal(await stateOf('clients'), 'done');

  // A word alone approves nothing.
  await noteSetUpStep(administration, 'approval', { state: 'done' });
  assert.equal(await stateOf('approval'), 'open');
  const [group] = await store.loadGroups();
  const approval = {
    updateId: idOf(0),
    groupId: group?.groupId ?? '',
    action: 'Install',
    deadline: undefined,
  } as const;
  await store.deploy({ ...approval, administrator: author.name }, author.at);
  assert.equal(await stateOf('approval'), 'done');

  // The settings name Microsoft: another server as the source needs a restart, and files need none.
  const { upstream, isMicrosoft } = await noteSetUpStep(administration, 'source', { state: 'done', source: 'server' });
  assert.deepEqual([upstream, isMicrosoft], ['https://sws.update.microsoft.com', true]);
  assert.equal(await stateOf('source'), 'open');
  await noteSetUpStep(administration, 'source', { state: 'skipped' });
  assert.equal((await readSetUp(administration)).source, 'server', 'it is kept with the note');
  assert.equal(await stateOf('source'), 'skipped');
  await noteSetUpStep(administration, 'source', { state: 'done', source: 'files' });
  assert.equal(await all(), 'open done done done done');
});

it('takes what it did not write for no note at all', async () => {
  await using administration = await createAdministration();
  for (const text of ['', 'null', '[]', '{"state":7}', '"done"']) {
    await administration.store.saveSetting('set-up:clients', text);
    assert.equal((await readSetUp(administration)).steps[3]?.state, 'open', text);
  }
});
