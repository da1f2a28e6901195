import assert from 'node:assert/strict';
import { it } from 'node:test';
import { approve, decline } from './approvals.ts';
import { addGroup } from './groups.ts';
import { createAdministration, idOf } from './test/administration.ts';

it('an approval without a group is for All Computers, and ends a decline', async () => {
  await using administration = await createAdministration(['Tool']);
  const { store } = administration;
  await decline(administration, 'Tool', true);
  const { groups, updateId } = await approve(administration, { update: 'tool', action: 'Install' });
  assert.deepEqual([updateId, groups.map(({ name }) => name)], [idOf(0), ['All Computers']]);
  assert.equal((await store.findRevisions(idOf(0))).at(-1)?.isDeclined, false);
});

it('a group that is named twice is decided on once', async () => {
  await using administration = await createAdministration(['Tool']);
  const { groupId } = await addGroup(administration, 'Lab');
  const { groups } = await approve(administration, {
    update: 'Tool',
    groups: ['Lab', 'LAB', groupId],
    action: 'Block',
  });
  assert.equal(groups.length, 1);
  assert.equal(
    (await administration.store.listAudit({ limit: 10 })).filter((one) => one.action === 'approve update').length,
    1,
  );
});

it('a mistyped last group leaves the first ones as they were', async () => {
  await using administration = await createAdministration(['Tool']);
  await addGroup(administration, 'Lab');
  await assert.rejects(approve(administration, { update: 'Tool', groups: ['Lab', 'Nowhere'], action: 'Install' }), {
    ...{ code: 'SERVER_NOT_FOUND', subject: 'group', message: 'There is no group "Nowhere".' },
  });
  assert.deepEqual(await administration.store.loadDeployments(), []);
});

it('nothing is inherited by All Computers, and nobody decides on a category', async () => {
  await using administration = await createAdministration(['Tool', 'category: Products']);
  const inherited = { update: 'Tool', groups: ['all computers'], action: 'Inherit' } as const;
  await assert.rejects(approve(administration, inherited), { code: 'ADMINISTRATION_NO_PARENT' });
  await assert.rejects(approve(administration, { update: idOf(1), action: 'Install' }), { code: 'SERVER_REFUSED' });
  await assert.rejects(decline(administration, idOf(1), true), { code: 'SERVER_REFUSED' });
});

it('each decision is on record with its author', async () => {
  await using administration = await createAdministration(['Tool']);
  await approve(administration, { update: 'Tool', action: 'Install' });
  await decline(administration, 'Tool', true);
  const records = await administration.store.listAudit({ limit: 10 });
  assert.deepEqual(
    records.map(({ action, actor }) => [action, actor]),
    [
      ['decline update', 'anna'],
      ['approve update', 'anna'],
    ],
  );
});
