import assert from 'node:assert/strict';
import { it } from 'node:test';
import { addGroup, removeGroup, removeGroups, renameGroup } from './groups.ts';
import { createAdministration } from './test/administration.ts';

it('groups are made inside of All Computers or of another, by its name in any letter case', async () => {
  await using administration = await createAdministration();
  const lab = await addGroup(administration, 'Lab');
  assert.equal((await addGroup(administration, 'Web', 'LAB')).parentId, lab.groupId);
  assert.equal((await renameGroup(administration, 'web', 'Web Servers')).name, 'Web Servers');
});

it('what does not work is said in words of the field, and names no command', async () => {
  await using administration = await createAdministration();
  await addGroup(administration, 'Lab');
  await addGroup(administration, 'Web', 'Lab');
  for (const [work, code] of [
    [() => addGroup(administration, 'lab'), 'SERVER_REFUSED'],
    [() => addGroup(administration, ' '), 'SERVER_REFUSED'],
    [() => addGroup(administration, 'x', 'nowhere'), 'SERVER_NOT_FOUND'],
    [() => addGroup(administration, 'x', 'Unassigned Computers'), 'SERVER_REFUSED'],
    [() => renameGroup(administration, 'All Computers', 'x'), 'SERVER_REFUSED'],
    [() => removeGroup(administration, 'Lab'), 'SERVER_REFUSED'],
    [() => removeGroup(administration, 'nowhere'), 'SERVER_NOT_FOUND'],
  ] as const) {
    await assert.rejects(work, (error: Error & { code: string }) => {
      assert.deepEqual([error.name, error.code], ['AdministrationError', code]);
      assert.doesNotMatch(error.message, /moult |--/);
      return true;
    });
  }
});

it('several groups are removed at once, or none of them when one is mistyped', async () => {
  await using administration = await createAdministration();
  for (const name of ['Lab', 'Web']) await addGroup(administration, name);
  const names = async () => (await administration.store.loadGroups()).map(({ name }) => name);
  const before = await names();
  await assert.rejects(removeGroups(administration, ['Lab', 'Wbe']), { code: 'SERVER_NOT_FOUND' });
  assert.deepEqual(await names(), before);
  assert.equal((await removeGroups(administration, ['Lab', 'web', 'LAB'])).length, 2);
  assert.ok(!(await names()).some((name) => name === 'Lab' || name === 'Web'));
});
