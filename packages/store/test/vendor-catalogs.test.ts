// Catalogs of vendors and their packages, and what the computers said of themselves, on both engines.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openStore, type VendorCatalog, type VendorPackageChange } from '../src/index.ts';
import { startPostgres } from './postgres.ts';

const at = new Date('2026-12-01T12:00:00Z');
const author = { name: 'anna', at };
const catalog: VendorCatalog = {
  ...{
    name: 'Example',
    address: 'https://vendor.example/catalog.cab',
    signer: 'ab'.repeat(32),
    signerName: 'CN=Example',
  },
  ...{ allowsPrivate: false, addedAt: at, updatedAt: at },
};
const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

function packageOf(number: number, more: Partial<VendorPackageChange> = {}): VendorPackageChange {
  return {
    state: 'offered',
    ...{ packageId: idOf(number), digest: `${number}`, code: '', reason: '', title: `Package ${number}` },
    ...{ vendor: 'Example', product: 'Driver', classification: 'Updates', reboot: 'never', sizeBytes: 3_000_000_000 },
    ...{ fileSha1: 'cd'.repeat(20), fileSha256: undefined, xml: `<a>${'x'.repeat(number === 1 ? 5000 : 1)}</a>` },
    ...more,
  };
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`catalogs of vendors (${engine})`, () => {
    it('are saved with their packages, changed, and forgotten but for what was published', async (t) => {
      const postgres = engine === 'postgres' ? await startPostgres() : undefined;
      t.after(() => postgres?.stop());
      const now = () => at;
      await using store = await openStore(postgres ? await postgres.createDatabase() : ':memory:', { now });
      const record = { author, action: 'add vendor catalog', after: { new: 600 } };
      const many = Array.from({ length: 600 }, (_, number) => packageOf(number));
      await store.saveVendorCatalog(catalog, { changed: many, unlisted: [] }, record);
      const withheld = packageOf(2, { state: 'withheld', code: 'CATALOG_UNKNOWN_RULE', reason: 'MoonPhase' });
      await store.notePublished(idOf(1), { revision: 3, as: 'text content', fileSha256: 'ef'.repeat(32) });
      const later = { ...catalog, signer: undefined, signerName: undefined, addedAt: new Date(0) };
      const changes = { changed: [withheld, packageOf(1, { title: 'Again' })], unlisted: [idOf(3), idOf(4)] };
      await store.saveVendorCatalog(later, changes, { ...record, action: 'update vendor catalog' });
      assert.deepEqual(await store.listVendorCatalogs(), [
        { ...later, addedAt: at, packages: 598, withheld: 1, expired: 0, published: 1 },
      ]);
      const one = await store.findVendorPackage(idOf(1));
      assert.deepEqual(
        [one?.title, one?.xml.length, one?.sizeBytes, one?.publishedRevision, one?.publishedAs, one?.isListed],
        ['Again', 5007, 3_000_000_000, 3, 'text content', true],
      );
      assert.equal(
        (await store.listVendorPackages('Example')).find(({ packageId }) => packageId === idOf(3))?.isListed,
        false,
      );
      assert.deepEqual(
        [await store.listVendorPackages('Other'), await store.findVendorPackage(idOf(999))],
        [[], undefined],
      );
      await store.removeVendorCatalog('Example', author);
      assert.deepEqual(
        (await store.listVendorPackages()).map(({ packageId, isListed }) => [packageId, isListed]),
        [[idOf(1), false]],
      );
      await assert.rejects(store.removeVendorCatalog('Example', author), { code: 'SERVER_NOT_FOUND' });
      const actions = (await store.listAudit({ limit: 9 })).map(({ action, subject }) => `${action} ${subject}`);
      assert.deepEqual(
        actions,
        ['remove', 'update', 'add'].map((verb) => `${verb} vendor catalog Example`),
      );
      await countsSystems(store);
    });
  });
}

async function countsSystems(store: Awaited<ReturnType<typeof openStore>>): Promise<void> {
  for (const number of [1, 2, 3, 4]) {
    const computerId = idOf(number);
    const computer = { computerId, dnsName: `pc${number}`, address: '192.0.2.7', at };
    await store.noteAuthorization({ ...computer, requestedGroups: [] }, { assign: false });
    if (number === 4) continue;
    await store.registerComputer({
      ...{ ...computer, agentVersion: '10', osVersion: '10.0', osDescription: '', architecture: '', manufacturer: '' },
      ...{ model: '', registration: { osBuildNumber: number === 3 ? 26100 : 19045, biosName: `bios ${number}` } },
    });
  }
  const systems = (await store.readSystems()).map(({ facts, computers }) => `${facts.osBuildNumber}: ${computers}`);
  assert.deepEqual(systems.sort(), ['19045: 2', '26100: 1', 'undefined: 1']);
}
