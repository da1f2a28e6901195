import assert from 'node:assert/strict';
import { it } from 'node:test';
import { listComputers, removeComputers, setMembership, setMemberships, showComputer } from './computers.ts';
import { addGroup } from './groups.ts';
import { addComputer, createAdministration } from './test/administration.ts';

const [one, two] = ['6f9619ff-8b86-d011-b42d-00c04fc964ff', '7f9619ff-8b86-d011-b42d-00c04fc964ff'] as const;

it('a computer is found by name, address or id; several are named and nothing is guessed', async () => {
  await using administration = await createAdministration();
  await addComputer(administration, one, 'pc1.example.test');
  await addComputer(administration, two, 'pc2.example.test');
  assert.equal((await showComputer(administration, 'PC1')).computerId, one);
  assert.equal((await showComputer(administration, `{${two.toUpperCase()}}`)).computerId, two);
  await assert.rejects(showComputer(administration, '192.0.2.7'), { message: /pc1.*pc2|pc2.*pc1/ });
  await assert.rejects(showComputer(administration, 'pc9'), { code: 'SERVER_NOT_FOUND', subject: 'computer' });
});

it('membership follows at once', async () => {
  await using administration = await createAdministration();
  await addComputer(administration, one, 'pc1.example.test');
  await addGroup(administration, 'Lab');
  const { group } = await setMembership(administration, { computer: 'pc1', group: 'lab', isMember: true });
  assert.equal(group, 'Lab');
  const inside = await listComputers(administration, { groups: ['LAB'], limit: 10 });
  assert.deepEqual(
    inside.items.map(({ computerId }) => computerId),
    [one],
  );
  const all = { computer: 'pc1', group: 'All Computers', isMember: true };
  await assert.rejects(setMembership(administration, all), { name: 'AdministrationError', code: 'SERVER_REFUSED' });
});

it('with client-side targeting it is refused and changes nothing, by what the server told its clients', async () => {
  for (const [here, told, isRefused] of [
    ['client', undefined, true],
    ['server', 'client', true],
    ['client', 'server', false],
    ['client', 'rubbish', true],
  ] as const) {
    await using administration = await createAdministration([], { targeting: here });
    const { store } = administration;
    await addComputer(administration, one, 'pc1.example.test');
    const { groupId } = await addGroup(administration, 'Lab');
    if (told) await store.loadServerIdentity(JSON.stringify({ targeting: told }), new Date());
    for (const isMember of [true, false]) {
      const change = setMembership(administration, { computer: 'pc1', group: 'lab', isMember });
      const refusal = { code: 'ADMINISTRATION_CLIENT_TARGETING', message: /TargetGroup.* "Lab"/ };
      if (isRefused) await assert.rejects(change, refusal);
      else await change;
    }
    const moves = (await store.listAudit({ limit: 10 })).filter(({ action }) => /computer/.test(action));
    assert.equal(moves.length, isRefused ? 0 : 2, groupId);
  }
});

it('several computers are moved and forgotten at once, by any of their names, or none is when one is wrong', async () => {
  await using administration = await createAdministration();
  await addComputer(administration, one, 'pc1.example.test');
  await addComputer(administration, two, 'pc2.example.test');
  await addGroup(administration, 'Lab');
  await addGroup(administration, 'Inside', 'Lab');
  const inGroups = async (query: object) => (await listComputers(administration, { limit: 0, ...query })).total;
  const wrong = { computers: ['pc1', 'nobody'], group: 'Lab', isMember: true };
  await assert.rejects(setMemberships(administration, wrong), { code: 'SERVER_NOT_FOUND' });
  assert.equal(await inGroups({ groups: ['Lab'] }), 0);
  await setMemberships(administration, { computers: ['pc1', two], group: 'inside', isMember: true });
  assert.deepEqual(
    [
      await inGroups({ groups: ['Inside'] }),
      await inGroups({ groups: ['Lab'] }),
      await inGroups({ groups: ['Lab'], below: true }),
    ],
    [2, 0, 2],
  );
  await assert.rejects(removeComputers(administration, ['pc1', 'nobody']), { code: 'SERVER_NOT_FOUND' });
  assert.equal(await inGroups({}), 2);
  const removed = await removeComputers(administration, [one, 'pc2', 'PC2']);
  assert.deepEqual(
    removed.map(({ dnsName }) => dnsName),
    ['pc1.example.test', 'pc2.example.test'],
  );
  await assert.rejects(removeComputers(administration, [one]), { name: 'AdministrationError', subject: 'computer' });
});
