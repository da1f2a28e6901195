// Catalogs of vendors: what is remembered of them, and what stops them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { runImport } from '../imports/run-import.ts';
import { documentOf } from '../test/administration.ts';
import { listVendorCatalogs, listVendorPackages, updateVendorCatalogs } from './index.ts';
import { makeZip } from './test/make-zip.ts';
import {
  add,
  approve,
  folder,
  idOf,
  inOneXml,
  log,
  member,
  payload,
  save,
  sdp,
  server,
  signers,
} from './test/vendor-lab.ts';

describe("a vendor's catalog", () => {
  it('is the same in one XML, in a cabinet of files, in a zip archive; and read again, only changes are written', async () => {
    await using to = await server();
    const two = [sdp(1), sdp(2)];
    const v1 = save('v1.cab', createCabinet([member('catalog.xml', inOneXml(...two))], { compression: 'lzx' }));
    const v2 = save(
      'v2.cab',
      createCabinet([
        member('V2/1.sdp', two[0] ?? ''),
        member('V2\\2.sdp', two[1] ?? ''),
        member('update_manifest.json', '{}'),
      ]),
    );
    const zip = save(
      'v1.zip',
      makeZip([member('1.sdp', two[0] ?? ''), member('2.sdp', `\ufeff${two[1]}`), member('index.xml', '<index />')]),
    );
    const counts = async (source: string) => {
      const { new: added, changed, unchanged, unlisted } = await add(to, source);
      return [added, changed, unchanged, unlisted];
    };
    assert.deepEqual(await counts(v1), [2, 0, 0, 0]);
    // A catalog in one XML declares its prefixes outside: the texts are others, the packages the same.
    assert.equal((await listVendorPackages(to, {})).length, 2);
    await counts(v2);
    assert.deepEqual(await counts(v2), [0, 0, 2, 0]);
    assert.deepEqual(await counts(zip), [0, 0, 2, 0]);
    const changed = save(
      'changed.zip',
      makeZip([member('1.sdp', sdp(1, { title: 'Another' })), member('3.sdp', sdp(3))]),
    );
    assert.deepEqual(await counts(changed), [1, 1, 0, 1]);
    const packages = await listVendorPackages(to, { catalog: 'Example' });
    assert.deepEqual(
      packages.map(({ title, isListed }) => [title, isListed]),
      [
        ['Another', true],
        ['Vendor update 2', false],
        ['Vendor update 3', true],
      ],
    );
    const [catalog] = await listVendorCatalogs(to);
    assert.deepEqual([catalog?.packages, catalog?.address, catalog?.signer], [2, changed, undefined]);
    assert.equal(await to.store.countRevisions(), 0, 'computers get nothing of a catalog');
  });

  it('says what would change, and changes nothing', async () => {
    await using to = await server();
    const report = await add(to, save('dry.sdp', sdp(1)), { dryRun: true });
    assert.deepEqual([report.new, report.bytes], [1, payload.length]);
    assert.deepEqual(
      [await listVendorCatalogs(to), await listVendorPackages(to, {}), await to.store.listAudit({ limit: 9 })],
      [[], [], []],
    );
  });

  it('withholds a package with an unknown rule by name, and it is never published', async () => {
    await using to = await server();
    const report = await add(
      to,
      save(
        'rule.zip',
        makeZip([
          member('1.sdp', sdp(1, { rule: '<lar:Or><lar:True /><bar:MoonPhase /></lar:Or>' })),
          member('2.sdp', sdp(2)),
        ]),
      ),
    );
    assert.deepEqual(
      report.withheld.map(({ title, code }) => [title, code]),
      [['Vendor update 1', 'CATALOG_UNKNOWN_RULE']],
    );
    await assert.rejects(approve(to, idOf(1), { allowAll: true }), {
      code: 'ADMINISTRATION_PACKAGE_WITHHELD',
      message: /MoonPhase/,
    });
    assert.equal(await to.store.countRevisions(), 0);
  });

  it('of another signer than before is stopped, until it is accepted on record', async () => {
    await using to = await server();
    const cabinet = (title: string) => createCabinet([member('1.sdp', sdp(1, { title }))]);
    const signed = async (title: string, at: number) =>
      save(
        `signed-${title}.cab`,
        await signFile(cabinet(title), signers[at] ?? assert.fail(), {
          now: new Date(),
          description: 'catalog',
        }),
      );
    const first = await add(to, await signed('First', 0));
    assert.match(first.signer?.sha256 ?? '', /^[\da-f]{64}$/);
    const second = await signed('Second', 1);
    await assert.rejects(add(to, second), { code: 'ADMINISTRATION_CATALOG_SIGNER' });
    await assert.rejects(add(to, save('bare.cab', cabinet('Bare'))), {
      code: 'ADMINISTRATION_CATALOG_SIGNER',
      message: /not signed now/,
    });
    await assert.rejects(add(to, save('bare.sdp', sdp(1, { title: 'Bare' }))), {
      code: 'ADMINISTRATION_CATALOG_SIGNER',
    });
    assert.deepEqual(
      (await listVendorPackages(to, {})).map(({ title }) => title),
      ['First'],
    );
    const accepted = await add(to, second, { acceptSigner: true });
    assert.equal(accepted.signerBefore, first.signer?.sha256);
    const [record] = await to.store.listAudit({ limit: 1 });
    assert.deepEqual(
      [record?.action, record?.subject, (record?.after as { signerBefore?: string } | undefined)?.signerBefore],
      ['update vendor catalog', 'Example', first.signer?.sha256],
    );
    const bytes = readFileSync(second);
    // Inside of the packed member.
    bytes[bytes.indexOf('1.sdp') + 30] = (bytes[bytes.indexOf('1.sdp') + 30] ?? 0) ^ 1;
    await assert.rejects(add(to, save('broken.cab', bytes)), { code: 'ADMINISTRATION_CATALOG_SIGNATURE' });
    assert.deepEqual(
      (await updateVendorCatalogs(to, [], {}, log)).map(({ unchanged }) => unchanged),
      [1],
    );
  });

  const bomb = `<x>${' '.repeat(3_000_000)}</x>`;
  const hostile: [what: string, file: () => Uint8Array | string, code: string][] = [
    [
      'an external entity',
      () => `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${sdp(1, { title: '&x;' })}`,
      'CATALOG_BAD_XML',
    ],
    [
      'a cabinet of one XML with an external entity',
      () => createCabinet([member('c.xml', `<!DOCTYPE a>${inOneXml(sdp(1))}`)]),
      'CATALOG_BAD_XML',
    ],
    ['a cut end', () => inOneXml(sdp(1), sdp(2)).slice(0, -40), 'CATALOG_BAD_XML'],
    ['elements too deep', () => '<a>'.repeat(5000), 'CATALOG_OVER_LIMIT'],
    ['a zip bomb', () => makeZip([member('a.xml', bomb)]), 'CATALOG_OVER_LIMIT'],
    ['a cabinet bomb', () => createCabinet([member('a.xml', bomb)], { compression: 'lzx' }), 'FORMAT_OVER_LIMIT'],
    [
      'a hundred megabytes of XML',
      () => Buffer.concat([Buffer.from('<a>'), Buffer.alloc(100_000_000, 'x')]),
      'CATALOG_OVER_LIMIT',
    ],
    ['a zip archive that is cut', () => makeZip([member('1.sdp', sdp(1))]).subarray(0, 200), 'CATALOG_BAD_PACKAGE'],
    ['no package at all', () => '<index />', 'ADMINISTRATION_NOT_A_CATALOG'],
    ['an empty file', () => '', 'CATALOG_BAD_XML'],
    ['packages alone that are none', () => inOneXml(sdp(1).replace(idOf(1), 'x')), 'ADMINISTRATION_NOT_A_CATALOG'],
  ];
  for (const [what, file, code] of hostile) {
    it(`with ${what} is refused, and changes nothing`, async () => {
      await using to = await server();
      await add(to, save('good.sdp', sdp(1)));
      await assert.rejects(add(to, save('hostile', file())), { code });
      assert.deepEqual(
        (await listVendorPackages(to, {})).map(({ isListed }) => isListed),
        [true],
      );
      assert.equal((await listVendorCatalogs(to))[0]?.address, join(folder, 'good.sdp'));
    });
  }

  it('with one bad file among many takes the others, and does not say what is gone', async () => {
    await using to = await server();
    await add(to, save('all.zip', makeZip([member('1.sdp', sdp(1)), member('2.sdp', sdp(2))])));
    const report = await add(
      to,
      save('some.zip', makeZip([member('1.sdp', `<!DOCTYPE a>${sdp(1)}`), member('3.sdp', sdp(3))])),
    );
    assert.deepEqual([report.new, report.unlisted], [1, 0]);
    assert.deepEqual(
      report.refused.map(({ name, code }) => [name, code]),
      [['1.sdp', 'CATALOG_BAD_XML']],
    );
    assert.equal(
      (await listVendorPackages(to, {})).every(({ isListed }) => isListed),
      true,
    );
  });

  it('cannot take the packages of another catalog, nor the ids of updates', async () => {
    await using to = await server();
    await add(to, save('mine.sdp', sdp(1)));
    const theirs = save(
      'theirs.zip',
      makeZip([member('1.sdp', sdp(1, { title: 'Taken over' })), member('2.sdp', sdp(2))]),
    );
    const report = await add(to, theirs, { name: 'Others' });
    assert.deepEqual(
      report.refused.map(({ code }) => code),
      ['CATALOG_IDENTITY_CONFLICT'],
    );
    assert.equal((await listVendorPackages(to, { search: 'Taken' })).length, 0);
    async function* microsoft() {
      yield { name: 'a', xml: documentOf(idOf(2), 'An update of Microsoft') };
    }
    await runImport(to.store, microsoft(), { now: () => to.author.at, onProgress: () => undefined });
    await assert.rejects(approve(to, idOf(2)), { code: 'CATALOG_IDENTITY_CONFLICT' });
  });
});
