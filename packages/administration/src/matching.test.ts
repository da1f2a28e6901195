// One decision on all updates of a list.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importDocuments } from '@moult/store/catalog';
import { approve, declineAll } from './approvals.ts';
import { bulkBounds } from './bounds.ts';
import { addGroup } from './groups.ts';
import { approveMatching, declineMatching } from './matching.ts';
import { author, createAdministration, documentOf, idOf } from './test/administration.ts';

const install = { action: 'Install' as const };
const all = { choice: {}, expected: 3 };
const expired = { attributes: 'ExplicitlyDeployable="true" PublicationState="Expired"' };
const withTerms = { attributes: `ExplicitlyDeployable="true" EulaID="${idOf(70)}"` };

describe('a decision by filter', () => {
  it('changes all updates of the list, for each group, and is on record for each', async () => {
    await using administration = await createAdministration(['Tool', 'Other tool', 'Tool kit', 'category: Products']);
    const { store } = administration;
    await addGroup(administration, 'Pilot');
    const groups = ['Pilot', 'All Computers', 'pilot'];
    const steps: number[] = [];
    const course = { onProgress: (done: number, of: number) => steps.push(done, of) };
    const done = await approveMatching(administration, all, { ...install, groups }, course);
    assert.deepEqual(done, { count: 3, refused: [], refusedCount: 0, isCut: false, missingFiles: 0 });
    assert.equal((await store.loadDeployments()).length, 6);
    assert.deepEqual(steps, [3, 3]);
    const records = (await store.listAudit({ limit: 100 })).filter(({ action }) => action === 'approve update');
    assert.deepEqual([records.length, records[0]?.actor], [6, author.name]);
    const kit = { choice: { search: 'kit' }, expected: 1 };
    assert.equal((await declineMatching(administration, kit, true)).count, 1);
    assert.deepEqual(await store.loadDeclined(), [idOf(2)]);
    assert.equal((await approveMatching(administration, kit, install)).count, 1);
    assert.deepEqual(await store.loadDeclined(), [], 'an approval ends a decline');
  });

  it('is refused when the list has another number of updates than the administrator saw', async () => {
    await using administration = await createAdministration(['Tool', 'Other']);
    const seen = { choice: { approval: 'unapproved' as const }, expected: 2 };
    await approve(administration, { update: 'Tool', action: 'Install' });
    const moved = { code: 'ADMINISTRATION_COUNT_MOVED', count: 1 };
    await assert.rejects(approveMatching(administration, seen, install), moved);
    await assert.rejects(declineMatching(administration, seen, true), moved);
    assert.equal((await administration.store.loadDeployments()).length, 1);
    assert.deepEqual(await administration.store.loadDeclined(), []);
  });

  it('is refused whole when one update may not be decided on so, or leaves it out and names it', async () => {
    await using administration = await createAdministration(['Tool']);
    const { store } = administration;
    const documents = [documentOf(idOf(1), 'Withdrawn', expired), documentOf(idOf(2), 'Licensed', withTerms)];
    await importDocuments(store, documents, author.at);
    const refused = { code: 'ADMINISTRATION_SOME_REFUSED', count: 2 };
    await assert.rejects(approveMatching(administration, all, install), refused);
    assert.deepEqual(await store.loadDeployments(), []);
    const left = await approveMatching(administration, { ...all, skipRefused: true }, install);
    assert.deepEqual([left.count, left.refusedCount], [1, 2]);
    assert.deepEqual(left.refused.map(({ title, code }) => `${title} ${code}`).sort(), [
      'Licensed ADMINISTRATION_LICENSE_TERMS',
      'Withdrawn ADMINISTRATION_EXPIRED',
    ]);
    const accepted = { ...install, acceptLicense: true };
    assert.equal((await approveMatching(administration, { ...all, skipRefused: true }, accepted)).count, 2);
    await assert.rejects(declineMatching(administration, all, false), {
      code: 'ADMINISTRATION_SOME_REFUSED',
      count: 1,
    });
    assert.equal((await declineMatching(administration, { ...all, skipRefused: true }, false)).count, 2);
    assert.deepEqual(await store.loadDeclined(), [idOf(1)], 'what its publisher expired stays declined');
  });

  it('takes approvals back where there are some, and no decision is written elsewhere', async () => {
    await using administration = await createAdministration(['Tool', 'Other', 'Third']);
    await approve(administration, { update: 'Tool', action: 'Install' });
    await approveMatching(administration, all, { action: 'Inherit' });
    const history = await administration.store.loadDeploymentHistory();
    assert.deepEqual(
      history.map(({ updateId, action }) => [updateId, action]),
      [[idOf(0), 'Inherit']],
    );
  });

  it('ends at its signal between two transactions, and says how far it came; nothing is written beyond the limit', async () => {
    const titles = Array.from({ length: bulkBounds.perTransaction + 1 }, (_, at) => `Update ${at}`);
    await using administration = await createAdministration(titles);
    const controller = new AbortController();
    const course = { onProgress: () => controller.abort(), signal: controller.signal };
    const many = { choice: {}, expected: titles.length };
    const cut = await approveMatching(administration, many, install, course);
    assert.deepEqual([cut.count, cut.isCut], [bulkBounds.perTransaction, true]);
    assert.equal((await administration.store.loadDeployments()).length, bulkBounds.perTransaction);
    await declineAll(administration, [idOf(0)], true);
    const limits = { ...bulkBounds, maxUpdates: 10 };
    const refused = { code: 'SERVER_REFUSED', count: titles.length };
    await assert.rejects(declineMatching(administration, many, true, { limits }), refused);
    assert.deepEqual(await administration.store.loadDeclined(), [idOf(0)]);
  });
});
