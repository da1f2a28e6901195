// Fragments that an older version made are made again, on both engines.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { generateCatalog } from '../../catalog/test/generate-catalog.ts';
import { importDocuments, renewFragments } from '../src/catalog/index.ts';
import { openStore, type Store } from '../src/index.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';

const at = new Date('2026-11-22T12:00:00Z');
const cbs = readFileSync(new URL('../../../fixtures/files/cbs-update.xml', import.meta.url), 'utf8');
const another = cbs.replace('00000000-0000-4000-8000-0000000000cb', '00000000-0000-4000-8000-0000000000cc');
const namespace = ' xmlns="urn:schemas-microsoft-com:asm.v3"';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`renewFragments (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
    });
    after(async () => postgres?.stop());

    /** A store with 250 updates, of which two have the Core fragment that Moult 0.1 made of them. */
    async function asBefore(): Promise<{ store: Store; ids: number[]; core(): Promise<string[]> }> {
      const store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', { now: () => at });
      const imported = await importDocuments(store, [cbs, ...generateCatalog(248), another], at);
      const ids = [imported[0]?.revisionId ?? 0, imported.at(-1)?.revisionId ?? 0];
      const core = async () => [...(await store.loadFragments('core', ids)).values()];
      const old = (await core()).map((text) => text.replace(namespace, ''));
      const extended = [...(await store.loadFragments('extended', ids)).values()];
      await store.replaceFragments(
        ids.map((revisionId, index) => ({ revisionId, core: old[index] ?? '', extended: extended[index] ?? '' })),
      );
      assert.deepEqual(await core(), old);
      after(() => store.close());
      return { store, ids, core };
    }

    it('makes those again that differ, says so, and then has nothing more to do', async () => {
      const { store, core } = await asBefore();
      const seen: number[] = [];
      assert.equal(await renewFragments(store, (done) => seen.push(done)), 2);
      for (const text of await core()) assert.ok(text.includes(`<assembly${namespace} manifestVersion`), text);
      assert.deepEqual(seen, [100, 200, 250]);
      let asked = 0;
      const counting = { ...store, loadDocumentsAfter: async () => assert.fail(`asked ${++asked}`) };
      assert.equal(await renewFragments(counting, () => undefined), 0);
      await store.close();
    });

    it('goes on where it was interrupted', async () => {
      const { store, core } = await asBefore();
      let steps = 0;
      const dying: Store = {
        ...store,
        loadDocumentsAfter: async (place, count) => {
          if (++steps > 2) throw new Error('killed');
          return store.loadDocumentsAfter(place, count);
        },
      };
      await assert.rejects(
        renewFragments(dying, () => undefined),
        /killed/,
      );
      const seen: number[] = [];
      assert.equal(await renewFragments(store, (done) => seen.push(done)), 1);
      assert.deepEqual(seen, [50]);
      for (const text of await core()) assert.ok(text.includes(namespace));
      await store.close();
    });
  });
}
