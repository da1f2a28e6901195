import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { deriveCore, deriveExtended, deriveLocalized, parseUpdateDocument } from '@moult/catalog';
import { createOperatorCa, createOperatorSigner, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { createAdministration, documentOf, idOf } from '../test/administration.ts';
import { importOfflineScan } from './import-offline-scan.ts';
import { readScanIndex } from './read-scan-index.ts';

const modified = new Date('2026-10-01T00:00:00Z');
const member = (name: string, text: string) => ({ name, bytes: Buffer.from(text), modified });
const publicUrl = 'http://download.windowsupdate.com/c/a.cab';
const sha1 = Buffer.alloc(20, 7);

/** Update 1 supersedes 0 in its document, and update 2 does not. */
const documents = [0, 1, 2].map((number) => {
  const text = documentOf(idOf(number), `Update ${number}`);
  const superseded = `<upd:Relationships><upd:SupersededUpdates><upd:UpdateIdentity UpdateID="${idOf(0)}" /></upd:SupersededUpdates></upd:Relationships></upd:Update>`;
  return number === 1 ? text.replace('</upd:Update>', superseded) : text;
});

const update = (number: number, inside = '') =>
  `<Update UpdateId="${idOf(number)}" RevisionNumber="1" RevisionId="${number + 1}">${inside}</Update>`;
const by = (...revisions: number[]) =>
  `<SupersededBy>${revisions.map((id) => `<Revision Id="${id}" />`).join('')}</SupersededBy>`;
const location = (url: string) => `<FileLocation Id="${sha1.toString('base64')}" Url="${url}" />`;
const listOf = (updates: string, locations: string) =>
  `<OfflineSyncPackage xmlns="http://schemas.microsoft.com/msus/2004/02/OfflineSync"><Updates>${updates}</Updates><FileLocations>${locations}</FileLocations></OfflineSyncPackage>`;

function scanWith(list: string) {
  const folder = mkdtempSync(join(tmpdir(), 'moult-scan-'));
  const fragments = documents.flatMap((xml, at) => {
    const document = parseUpdateDocument(xml);
    return [
      member(`c\\${at + 1}`, deriveCore(document)),
      member(`x\\${at + 1}`, deriveExtended(document)),
      member(`l\\en\\${at + 1}`, deriveLocalized(document, 'en') ?? ''),
    ];
  });
  const inner = (members: ReturnType<typeof member>[]) => createCabinet(members, { compression: 'mszip' });
  const path = join(folder, 'wsusscn2.cab');
  const nested = [
    { name: 'package.cab', bytes: inner([member('package.xml', list)]), modified },
    { name: 'package2.cab', bytes: inner(fragments), modified },
  ];
  writeFileSync(path, createCabinet(nested));
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

describe('an offline scan file', () => {
  it('brings its updates and the addresses of files, and names where its supersedence differs', async () => {
    await using administration = await createAdministration();
    using scan = scanWith(listOf(update(0, by(3)) + update(1) + update(2), location(publicUrl)));
    const done = await importOfflineScan(administration, scan.path, () => undefined);
    assert.deepEqual([done?.updates, done?.report.new, done?.sources, done?.compared], [3, 3, 1, 3]);
    assert.deepEqual(done?.differences, [{ updateId: idOf(0), onlyInFile: [idOf(2)], onlyInCatalog: [idOf(1)] }]);
    const known = await administration.store.findContentSources([sha1.toString('hex')]);
    assert.equal(known.get(sha1.toString('hex')), publicUrl);
    const again = await importOfflineScan(administration, scan.path, () => undefined);
    assert.deepEqual([again?.report.new, again?.report.unchanged], [0, 3]);
  });

  it('names its signer, and is refused once it changed or another one is wanted', async () => {
    await using administration = await createAdministration();
    using scan = scanWith(listOf(update(0), ''));
    const plain = await importOfflineScan(administration, scan.path, () => undefined);
    assert.equal(plain?.signer, undefined);
    const nothing = { signedBy: 'ab'.repeat(32) };
    const ask = (options: { signedBy?: string }) =>
      importOfflineScan(administration, scan.path, () => undefined, options);
    await assert.rejects(ask(nothing), { code: 'ADMINISTRATION_CATALOG_SIGNER' });
    const ca = await createOperatorCa({ commonName: 'A root', now: modified });
    const identity = await createOperatorSigner(ca, { commonName: 'A scan maker', now: modified });
    const signed = await signFile(readFileSync(scan.path), identity, { now: modified });
    writeFileSync(scan.path, signed);
    const done = await ask({});
    assert.match(done?.signer?.subject ?? '', /A scan maker/);
    assert.equal((await ask({ signedBy: done?.signer?.sha256.toUpperCase() ?? '' }))?.report.refused, 0);
    await assert.rejects(ask(nothing), { code: 'ADMINISTRATION_CATALOG_SIGNER' });
    const changes: [string, Uint8Array][] = [
      ['a byte of the signature', Buffer.from(signed).fill(1, signed.length - 300, signed.length - 299)],
      ['more behind it', Buffer.concat([signed, Buffer.from('x')])],
      [
        'a name of a member',
        Buffer.from(Buffer.from(signed).toString('latin1').replace('package2.cab', 'package3.cab'), 'latin1'),
      ],
    ];
    for (const [what, bytes] of changes) {
      writeFileSync(scan.path, bytes);
      await assert.rejects(ask({}), { code: 'ADMINISTRATION_CATALOG_SIGNATURE' }, what);
    }
  });

  it('agrees with the documents when its list does', async () => {
    await using administration = await createAdministration();
    using scan = scanWith(listOf(update(0, by(2)) + update(1) + update(2), ''));
    assert.deepEqual((await importOfflineScan(administration, scan.path, () => undefined))?.differencesInAll, 0);
  });

  it('never gives an address inside of the network', () => {
    const bad = ['http://127.0.0.1/a', 'http://server.local/a', 'file:///etc/passwd', 'http://[::1]/a', 'x'];
    const { sources, refusedSources } = readScanIndex([listOf('', bad.map(location).join(''))]);
    assert.deepEqual([sources, refusedSources], [[], bad.length]);
  });

  it('with a list that cannot be read changes nothing', async () => {
    await using administration = await createAdministration();
    for (const list of ['<OfflineSyncPackage', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', '<a>'.repeat(100)]) {
      using scan = scanWith(list);
      await assert.rejects(
        importOfflineScan(administration, scan.path, () => undefined),
        { name: 'FormatError' },
      );
    }
    assert.equal(await administration.store.countRevisions(), 0);
    const limits = { maxCharacters: 50, maxElements: 10, addressCharacters: 100, maxNamed: 1 };
    assert.throws(() => readScanIndex([listOf(update(0), '')], limits as never), { code: 'FORMAT_OVER_LIMIT' });
  });
});
