// What the rules of administration ask about an update, and what an expired update loses, on both engines.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentOf, idOf } from '../../administration/src/test/administration.ts';
import { importDocuments } from '../src/catalog/import.ts';
import { allComputers, openStore } from '../src/index.ts';
import { startPostgres } from './postgres.ts';

const author = { name: 'tester', at: new Date('2026-11-22T12:00:00Z') };
const expired = { attributes: 'ExplicitlyDeployable="true" PublicationState="Expired"' };
const file = `<upd:Files><upd:File Digest="${Buffer.alloc(20, 1).toString('base64')}" DigestAlgorithm="SHA1" FileName="a.cab" Size="7" /></upd:Files>`;

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`decisions on updates (${engine})`, () => {
    it('an expired update loses them with its import, or at the start, and the facts about updates are the same', async (t) => {
      const postgres = engine === 'postgres' ? await startPostgres() : undefined;
      t.after(() => postgres?.stop());
      await using store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', {
        now: () => author.at,
      });
      const deploy = (at: number) =>
        store.deploy(
          {
            ...{ updateId: idOf(at), groupId: allComputers, action: 'Install', deadline: undefined },
            administrator: 'anna',
          },
          author.at,
        );
      await importDocuments(
        store,
        [
          documentOf(idOf(0), 'Part', { attributes: '', rest: file }),
          documentOf(idOf(1), 'Bundle', { bundles: [idOf(0)] }),
          documentOf(idOf(2), 'Withdrawn'),
          documentOf(idOf(3), 'Left by a version of before', expired),
        ],
        author.at,
      );
      for (const at of [1, 2, 3]) await deploy(at);
      const [result] = await importDocuments(
        store,
        [documentOf(idOf(2), 'Withdrawn', { ...expired, revision: 2 })],
        author.at,
      );
      assert.deepEqual(result?.expired, { updateId: idOf(2), title: 'Withdrawn', decisions: 1 });
      const left = { updateId: idOf(3), title: 'Left by a version of before', decisions: 1 };
      assert.deepEqual(await store.takeOffExpired(author), [left]);
      assert.deepEqual(await store.takeOffExpired(author), []);
      assert.deepEqual((await store.loadDeclined()).sort(), [idOf(2), idOf(3)]);
      assert.deepEqual(
        (await store.loadDeployments()).map(({ updateId }) => updateId),
        [idOf(1)],
      );
      assert.deepEqual(await store.findBundlesOf(idOf(0)), [{ updateId: idOf(1), title: 'Bundle' }]);
      const ids = await store.findRevisionIds([{ updateId: idOf(0) as never, revisionNumber: 1 }]);
      assert.equal((await store.loadSummaries([...ids.values()])).size, 1);
      assert.deepEqual(await store.findMissingFiles([...ids.values()]), [
        { sha1: '01'.repeat(20), fileName: 'a.cab', sizeBytes: 7 },
      ]);
    });
  });
}
