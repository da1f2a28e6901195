import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allComputers } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { approve, approveAll, declineAll } from './approvals.ts';
import { addGroup } from './groups.ts';
import { author, createAdministration, type DocumentParts, documentOf, idOf } from './test/administration.ts';
import { listUpdates } from './updates.ts';

it('an approval without a group is for All Computers, and ends a decline', async () => {
  await using administration = await createAdministration(['Tool']);
  const { store } = administration;
  await declineAll(administration, ['Tool'], true);
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

it('several updates are approved at once, each once, or none of them when one may not be', async () => {
  await using administration = await createAdministration(['Tool', 'Other', 'category: Products']);
  const { store } = administration;
  const groups = ['All Computers'];
  for (const wrong of ['Nothing', idOf(2)]) {
    await assert.rejects(approveAll(administration, ['Tool', 'Other', wrong], { groups, action: 'Install' }));
    assert.deepEqual(await store.loadDeployments(), [], wrong);
  }
  const approved = await approveAll(administration, ['Tool', 'Other', 'tool'], { groups, action: 'Install' });
  assert.deepEqual(
    approved.map(({ title }) => title),
    ['Tool', 'Other'],
  );
  assert.equal((await store.loadDeployments()).length, 2);
});

it('nobody decides on a category', async () => {
  await using administration = await createAdministration(['Tool', 'category: Products']);
  await assert.rejects(approve(administration, { update: idOf(1), action: 'Install' }), { code: 'SERVER_REFUSED' });
  await assert.rejects(declineAll(administration, [idOf(1)], true), { code: 'SERVER_REFUSED' });
});

it('each decision is on record with its author', async () => {
  await using administration = await createAdministration(['Tool']);
  await approve(administration, { update: 'Tool', action: 'Install' });
  await declineAll(administration, ['Tool'], true);
  const records = await administration.store.listAudit({ limit: 10 });
  assert.deepEqual(
    records.map(({ action, actor }) => [action, actor]),
    [
      ['decline update', 'anna'],
      ['approve update', 'anna'],
    ],
  );
});

/** Open until the end of the test, with documents of these parts at 0, 1, 2 …, titled Update 0 and so on. */
async function withDocuments(...documents: DocumentParts[]) {
  const administration = await createAdministration();
  const texts = documents.map((parts, at) => documentOf(idOf(at), `Update ${at}`, parts));
  await importDocuments(administration.store, texts, author.at);
  return administration;
}

const refusedWith = (code: string, message: RegExp) => ({ name: 'AdministrationError', code, message });
const member = { attributes: '' };

describe('a part of a bundle', () => {
  it('is neither approved nor declined by itself, is not listed, and the error names what holds it', async () => {
    await using administration = await withDocuments(member, { bundles: [idOf(0)] }, { bundles: [idOf(0)] }, member);
    const expected = refusedWith('ADMINISTRATION_BUNDLE_MEMBER', /part of other updates.*"Update 1".*"Update 2"/);
    for (const action of ['Install', 'Uninstall', 'PreDeploymentCheck', 'Block', 'OptionalInstall'] as const)
      await assert.rejects(approve(administration, { update: idOf(0), action }), expected);
    await assert.rejects(declineAll(administration, [idOf(0)], true), expected);
    const alone = refusedWith('ADMINISTRATION_BUNDLE_MEMBER', /No update in this catalog holds it/);
    await assert.rejects(approve(administration, { update: idOf(3), action: 'Install' }), alone);
    const listed = await listUpdates(administration, { limit: 10 });
    assert.deepEqual(
      listed.items.map(({ title }) => title),
      ['Update 1', 'Update 2'],
    );
    await assert.rejects(approve(administration, { update: 'Update 0', action: 'Install' }), expected);
  });

  it('that was decided on by a version of before is not listed, and that is taken back', async () => {
    await using administration = await withDocuments(member, { bundles: [idOf(0)] });
    const { store } = administration;
    const decision = { updateId: idOf(0), groupId: allComputers, deadline: undefined, administrator: 'before' };
    await store.deploy({ ...decision, action: 'Install' }, author.at);
    await store.setDeclined(idOf(0), true, author);
    assert.equal((await listUpdates(administration, { limit: 10 })).total, 1);
    await approve(administration, { update: idOf(0), action: 'Inherit' });
    await declineAll(administration, [idOf(0)], false);
    assert.deepEqual(await store.loadDeployments(), []);
    assert.deepEqual(await store.loadDeclined(), []);
  });
});

describe('taking back', () => {
  it('works at All Computers and on categories too; where nothing was decided nothing changes', async () => {
    await using administration = await createAdministration(['Tool', 'category: Products']);
    const { store } = administration;
    await addGroup(administration, 'Lab');
    await approve(administration, { update: 'Tool', action: 'Install' });
    const decision = { updateId: idOf(1), groupId: allComputers, deadline: undefined, administrator: 'before' };
    await store.deploy({ ...decision, action: 'Block' }, author.at);
    for (const update of ['Tool', idOf(1)])
      await approve(administration, { update, groups: ['All Computers', 'Lab'], action: 'Inherit' });
    assert.deepEqual(await store.loadDeployments(), []);
    assert.equal((await store.loadDeploymentHistory()).length, 2, 'none for Lab, where nothing was decided');
    const records = await store.listAudit({ limit: 10 });
    assert.equal(records.filter(({ action }) => action === 'remove approval').length, 2);
  });
});

describe('an expired update', () => {
  const expired = { revision: 2, attributes: 'ExplicitlyDeployable="true" PublicationState="Expired"' };

  it('loses its approvals and is declined with the import that brings it, on record', async () => {
    await using administration = await withDocuments({}, {}, { bundles: [idOf(0)] });
    const { store } = administration;
    const { groupId } = await addGroup(administration, 'Lab');
    const deadline = new Date('2030-01-01');
    await approve(administration, { update: idOf(0), action: 'Install', deadline });
    await approve(administration, { update: idOf(0), groups: ['Lab'], action: 'Block' });
    await approve(administration, { update: idOf(1), action: 'Install' });
    const results = await importDocuments(
      store,
      [documentOf(idOf(0), 'Update 0', expired), documentOf(idOf(1), 'Update 1', { revision: 2 })],
      author.at,
    );
    assert.deepEqual(
      results.map((one) => one.expired),
      [{ updateId: idOf(0), title: 'Update 0', decisions: 2 }, undefined],
    );
    const left = await store.loadDeployments();
    assert.deepEqual(
      left.map(({ updateId }) => updateId),
      [idOf(1)],
    );
    assert.deepEqual(await store.loadDeclined(), [idOf(0)]);
    const records = await store.listAudit({ limit: 10, subject: idOf(0) });
    assert.deepEqual(
      records.slice(0, 4).map(({ action, actor, before }) => [action, actor, before]),
      [
        ['expire update', 'import', undefined],
        ['decline update', 'import', { isDeclined: false }],
        ['remove approval', 'import', { groupId, action: 'Block' }],
        ['remove approval', 'import', { groupId: allComputers, action: 'Install', deadline: deadline.toISOString() }],
      ],
    );
    const again = await importDocuments(store, [documentOf(idOf(0), 'Update 0', expired)], author.at);
    assert.equal(again[0]?.expired, undefined);
  });

  it('is neither approved nor taken out of its decline, whichever revision is named', async () => {
    await using administration = await withDocuments({}, { attributes: expired.attributes });
    await importDocuments(administration.store, [documentOf(idOf(0), 'Update 0', expired)], author.at);
    const refusal = refusedWith('ADMINISTRATION_EXPIRED', /publisher expired/);
    for (const update of ['Update 0', `${idOf(0)}@1`, 'Update 1']) {
      await assert.rejects(approve(administration, { update, action: 'Install' }), refusal);
      await assert.rejects(declineAll(administration, [update], false), refusal);
    }
    assert.equal((await administration.store.loadDeclined()).length, 2);
  });

  it('can be decided on again when its publisher brings a later revision; an older expired one changes nothing', async () => {
    await using administration = await withDocuments({ ...expired }, { revision: 3 });
    const { store } = administration;
    await approve(administration, { update: idOf(1), action: 'Install' });
    const texts = [documentOf(idOf(0), 'Update 0', { revision: 3 }), documentOf(idOf(1), 'Update 1', expired)];
    await importDocuments(store, texts, author.at);
    assert.equal((await store.loadDeployments()).length, 1, 'revision 2 expired, and 3 is here');
    await declineAll(administration, [idOf(0)], false);
    await approve(administration, { update: idOf(0), action: 'Install' });
    assert.equal((await store.loadDeployments()).length, 2);
  });

  it('that another version of Moult left approved is taken off by takeOffExpired, once', async () => {
    await using administration = await withDocuments({ attributes: expired.attributes }, {});
    const { store } = administration;
    for (const updateId of [idOf(0), idOf(1)])
      await store.deploy(
        { updateId, groupId: allComputers, action: 'Install', deadline: undefined, administrator: 'before' },
        author.at,
      );
    assert.deepEqual(await store.loadDeclined(), [], 'an approval ends a decline');
    assert.deepEqual(await store.takeOffExpired(author), [{ updateId: idOf(0), title: 'Update 0', decisions: 1 }]);
    assert.deepEqual(await store.takeOffExpired(author), []);
    assert.equal((await store.loadDeployments()).length, 1);
  });
});

describe('an approval is refused', () => {
  const removable = { properties: '<upd:UninstallationBehavior RebootBehavior="NeverReboots" />' };

  it('to uninstall what cannot be uninstalled, also of bundles, as far as their parts can', async () => {
    await using administration = await withDocuments(
      ...[{}, removable, { ...member, ...removable }, member],
      ...[{ bundles: [idOf(2)] }, { bundles: [idOf(2), idOf(3)] }],
    );
    const uninstall = (at: number) => approve(administration, { update: idOf(at), action: 'Uninstall' });
    const refusal = refusedWith('ADMINISTRATION_CANNOT_UNINSTALL', /cannot be uninstalled/);
    await assert.rejects(uninstall(0), refusal);
    await assert.rejects(uninstall(5), refusal);
    await uninstall(1);
    await uninstall(4);
    assert.equal((await administration.store.loadDeployments()).length, 2);
  });

  it('with a deadline that is over, unless that is meant, and with one that is of no use', async () => {
    await using administration = await createAdministration(['Tool']);
    const approval = { update: 'Tool', action: 'Install', deadline: new Date(author.at) } as const;
    await assert.rejects(approve(administration, approval), refusedWith('ADMINISTRATION_DEADLINE', /is over/));
    await approve(administration, { ...approval, allowPastDeadline: true });
    await approve(administration, { ...approval, deadline: new Date(author.at.getTime() + 1) });
    for (const action of ['Block', 'PreDeploymentCheck', 'OptionalInstall'] as const) {
      const useless = { ...approval, action, deadline: new Date('2030-01-01') };
      await assert.rejects(approve(administration, useless), refusedWith('ADMINISTRATION_DEADLINE', /Leave/));
    }
  });

  const eula = 'aaaaaaaa-0000-4000-8000-000000000001';
  const withTerms = (more = '', attributes = 'ExplicitlyDeployable="true"') => ({
    attributes: `${attributes} EulaID="${eula}" ${more}`,
    licenses: `<upd:EulaFile Digest="${Buffer.alloc(20, 1).toString('base64')}" DigestAlgorithm="SHA1" FileName="terms.rtf" Size="7" Language="en" />`,
  });

  it('while nobody accepted the license terms, of its parts too; that is asked once for all updates with them', async () => {
    await using administration = await withDocuments(withTerms(), withTerms('', ''), { bundles: [idOf(1)] }, {});
    const { store } = administration;
    const refusal = refusedWith('ADMINISTRATION_LICENSE_TERMS', /terms\.rtf \(SHA-1 0101/);
    for (const [at, action] of [
      [0, 'Install'],
      [2, 'OptionalInstall'],
    ] as const)
      await assert.rejects(approve(administration, { update: idOf(at), action }), refusal);
    assert.deepEqual(await store.loadDeployments(), []);
    // What installs nothing needs no consent.
    for (const action of ['Block', 'PreDeploymentCheck'] as const)
      await approve(administration, { update: idOf(0), action });
    await approve(administration, { update: idOf(2), action: 'Install', acceptLicense: true });
    await approve(administration, { update: idOf(0), action: 'Install' });
    const accepted = (await store.listAudit({ limit: 100 })).filter(({ action }) => action === 'accept license terms');
    assert.deepEqual(
      accepted.map(({ subject, actor }) => [subject, actor]),
      [[eula, 'anna']],
    );
  });

  it('until terms that need it are accepted again for each revision', async () => {
    const strict = withTerms('RequiresReacceptanceOfEula="true"');
    await using administration = await withDocuments(strict);
    await approve(administration, { update: idOf(0), action: 'Install', acceptLicense: true });
    await approve(administration, { update: idOf(0), action: 'Install' });
    await importDocuments(
      administration.store,
      [documentOf(idOf(0), 'Update 0', { ...strict, revision: 2 })],
      author.at,
    );
    const refusal = { code: 'ADMINISTRATION_LICENSE_TERMS' };
    await assert.rejects(approve(administration, { update: `${idOf(0)}@1`, action: 'Install' }), refusal);
  });
});

it('an approval names the files that are not here, of its parts too, each once', async () => {
  const file = (name: string, byte: number) => ({
    rest: `<upd:Files><upd:File Digest="${Buffer.alloc(20, byte).toString('base64')}" DigestAlgorithm="SHA1" FileName="${name}" Size="7" /></upd:Files>`,
  });
  await using administration = await withDocuments(
    { ...member, ...file('a.cab', 1) },
    { ...member, ...file('b.cab', 2) },
    { bundles: [idOf(0), idOf(1)], ...file('a.cab', 1) },
  );
  const { store } = administration;
  const missing = async () => (await approve(administration, { update: idOf(2), action: 'Install' })).missingFiles;
  assert.deepEqual(
    (await missing()).map(({ fileName, sha1 }) => [fileName, sha1.slice(0, 4)]),
    [
      ['a.cab', '0101'],
      ['b.cab', '0202'],
    ],
  );
  const facts = { sha256: 'ab', sizeBytes: 7, extension: '.cab', verifiedAt: author.at };
  await store.saveContentFile({ ...facts, sha1: '01'.repeat(20), state: 'present' });
  await store.saveContentFile({ ...facts, sha1: '02'.repeat(20), state: 'damaged' });
  assert.deepEqual(
    (await missing()).map(({ fileName }) => fileName),
    ['b.cab'],
  );
});

it('several updates for several groups are written in one transaction, and so is their decline', async (test) => {
  await using administration = await createAdministration(['One', 'Two', 'Three']);
  const { store } = administration;
  for (const name of ['Pilot', 'Lab']) await addGroup(administration, name);
  let announced = 0;
  const end = store.subscribe((topic) => void (topic === 'deployments' && announced++));
  test.after(end);
  const all = ['One', 'Two', 'Three'];
  const groups = ['Pilot', 'Lab', 'All Computers'];
  const approved = await approveAll(administration, [...all, idOf(0)], { action: 'Install', groups });
  assert.deepEqual([approved.length, (await store.loadDeployments()).length, announced], [3, 9, 1]);
  const declined = await declineAll(administration, [...all, 'One'], true);
  assert.deepEqual([declined.length, (await store.loadDeclined()).length, announced], [3, 3, 2]);
  await assert.rejects(declineAll(administration, ['One', 'No such'], false), { code: 'SERVER_NOT_FOUND' });
  assert.equal((await store.loadDeclined()).length, 3, 'one that is not there leaves all as they were');
  await approveAll(administration, all, { action: 'Inherit', groups: ['Pilot'] });
  assert.equal((await store.loadDeployments()).length, 6);
});
