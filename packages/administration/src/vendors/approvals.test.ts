// Packages of vendors from approval to the update that computers get.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseUpdateDocument } from '@moult/catalog';
import { verifyFile } from '@moult/formats/authenticode';
import { extractAll, readCabinet } from '@moult/formats/cab';
import type { ContentFile } from '@moult/store';
import { runImport } from '../imports/run-import.ts';
import { documentOf } from '../test/administration.ts';
import { listVendorCatalogs, removeVendorCatalog } from './index.ts';
import { makeZip } from './test/make-zip.ts';
import {
  add,
  addModel,
  address,
  answers,
  approve,
  folder,
  idOf,
  member,
  type Parts,
  payload,
  save,
  sdp,
  server,
} from './test/vendor-lab.ts';

describe("the approval of a vendor's package", () => {
  it('fetches its file, checks it, packs it into a cabinet that the operator signs, and approves the update', async () => {
    await using to = await server();
    await addModel(to, 1, 'Example Book 5');
    await addModel(to, 2, 'Example Desk');
    await add(to, save('one.sdp', sdp(1)), { allowPrivate: true });
    answers.set('/sp1.exe', { status: 302, headers: { Location: '/moved' } });
    answers.set('/moved', { body: payload });
    const { approved, published } = await approve(to, 'vendor UPDATE 1');
    assert.deepEqual(
      approved.map(({ updateId, missingFiles }) => [updateId, missingFiles]),
      [[idOf(1), []]],
    );
    const [{ reach, revision } = assert.fail()] = published;
    assert.deepEqual(
      [revision, reach?.computers, reach?.applies, reach?.appliesNot, reach?.restart],
      [1, 2, 1, 1, 'always'],
    );
    const [listed] = await to.store.findRevisions(idOf(1));
    const update = parseUpdateDocument(
      (await to.store.loadDocuments([listed?.revisionId ?? 0])).get(listed?.revisionId ?? 0) ?? '',
    );
    const [file] = update.files;
    assert.equal(file?.fileName, `${idOf(1)}_1.cab`);
    const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
    const stored = (await to.store.findContentFile(sha1)) as ContentFile;
    const cabinet = readFileSync(
      join(to.server.contentDir, sha1.slice(-2).toUpperCase(), `${sha1.toUpperCase()}${stored.extension}`),
    );
    const ca = readFileSync(join(to.server.dataDir, 'keys/operator-ca.cer.pem'), 'utf8');
    assert.ok((await verifyFile(cabinet, { trustedCertificatesPem: [ca], now: to.author.at })).trusted);
    assert.deepEqual(
      [...extractAll(readCabinet(cabinet))].map(([name, bytes]) => [name, Buffer.from(bytes).equals(payload)]),
      [['sp1.exe', true]],
    );
    const row = await to.store.findVendorPackage(idOf(1));
    assert.equal(row?.fileSha256, createHash('sha256').update(payload).digest('hex'));
    assert.deepEqual(readdirSync(join(to.server.dataDir, 'fetching')), []);
    answers.delete('/moved');
    assert.equal((await approve(to, idOf(1))).published[0]?.isNew, false, 'it is here already');
  });

  it('for detection alone needs no file; installed later, it is another revision', async () => {
    await using to = await server();
    await add(to, save('two.sdp', sdp(2)), { allowPrivate: true });
    answers.delete('/sp2.exe');
    await approve(to, idOf(2), { action: 'PreDeploymentCheck' });
    await assert.rejects(approve(to, idOf(2)), { code: 'ADMINISTRATION_FETCH', message: /404/ });
    answers.set('/sp2.exe', { body: payload });
    assert.equal((await approve(to, idOf(2))).published[0]?.revision, 2);
  });

  it('takes the file from a folder in a closed network', async () => {
    await using to = await server();
    await add(to, save('closed.sdp', sdp(1, { uri: 'https://vendor.invalid/sp1.exe' })));
    writeFileSync(join(folder, 'sp1.exe'), payload);
    assert.equal((await approve(to, idOf(1), { filesFrom: folder })).published[0]?.revision, 1);
  });

  const wrong: [
    what: string,
    parts: Parts,
    answer: { status?: number; headers?: Record<string, string>; body?: Buffer },
    code: string,
    why: RegExp,
  ][] = [
    [
      'of the same length with other bytes',
      {},
      { body: Buffer.from('MZ A program of a vendor') },
      'ADMINISTRATION_FILE_DIGEST',
      /SHA-1/,
    ],
    ['that is shorter', {}, { body: payload.subarray(1) }, 'ADMINISTRATION_FILE_DIGEST', /bytes/],
    [
      'that is longer',
      {},
      { body: Buffer.concat([payload, payload]) },
      'ADMINISTRATION_FETCH',
      /more than the 24 bytes/,
    ],
    [
      'with another SHA-256',
      { sha256: Buffer.alloc(32).toString('base64') },
      { body: payload },
      'ADMINISTRATION_FILE_DIGEST',
      /SHA-256/,
    ],
    [
      'that redirects for ever',
      {},
      { status: 301, headers: { Location: '/sp9.exe' } },
      'ADMINISTRATION_FETCH',
      /redirects more than 5/,
    ],
    [
      'that redirects to a file',
      {},
      { status: 301, headers: { Location: 'file:///etc/passwd' } },
      'ADMINISTRATION_FETCH',
      /redirects/,
    ],
    [
      'that is encoded',
      {},
      { headers: { 'Content-Encoding': 'gzip' }, body: payload },
      'ADMINISTRATION_FETCH',
      /encoded/,
    ],
  ];
  for (const [what, parts, answer, code, why] of wrong) {
    it(`with a file ${what} publishes nothing`, async () => {
      await using to = await server();
      await add(to, save('nine.sdp', sdp(9, parts)), { allowPrivate: true });
      answers.set('/sp9.exe', answer);
      await assert.rejects(approve(to, idOf(9)), { code, message: why });
      assert.equal(await to.store.countRevisions(), 0);
      assert.deepEqual(readdirSync(join(to.server.dataDir, 'fetching')), []);
    });
  }

  it('does not ask addresses of this network', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('private.sdp', sdp(1)));
    await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
    await assert.rejects(add(to, `${address}/catalog.cab`), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
    await add(to, save('named.sdp', sdp(1, { uri: address.replace('127.0.0.1', 'localhost') })));
    await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
  });

  it('of one that fits every computer needs a word, before anything is fetched', async () => {
    await using to = await server();
    await addModel(to, 1, 'Example Book 5');
    const rules: [rule: string, isAll: boolean][] = [
      ['<lar:True />', true],
      ['<bar:WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="6" />', true],
      ['<bar:FileExists Path="x" />', false],
    ];
    answers.set('/sp1.exe', { body: payload });
    for (const [rule, isAll] of rules) {
      await add(to, save('all.sdp', sdp(1, { rule })), { allowPrivate: true });
      if (isAll) {
        await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_REACHES_ALL' });
        assert.equal(await to.store.countRevisions(), 0);
      } else assert.equal((await approve(to, idOf(1))).published[0]?.reach?.open, 1);
    }
    await add(to, save('all.sdp', sdp(1, { rule: '<lar:True />' })), { allowPrivate: true });
    assert.equal((await approve(to, idOf(1), { allowAll: true })).published[0]?.revision, 2);
  });

  it('publishes the rules of what it requires, and supersedes only packages of vendors', async () => {
    await using to = await server();
    async function* microsoft() {
      yield { name: 'a', xml: documentOf(idOf(77), 'An update of Microsoft') };
    }
    await runImport(to.store, microsoft(), { now: () => to.author.at, onProgress: () => undefined });
    const more = `<sdp:SupersededPackages><sdp:PackageID>${idOf(77)}</sdp:PackageID><sdp:PackageID>${idOf(3)}</sdp:PackageID></sdp:SupersededPackages><sdp:Prerequisites><sdp:PackageID>${idOf(2)}</sdp:PackageID></sdp:Prerequisites>`;
    await add(
      to,
      save('chain.zip', makeZip([member('1.sdp', sdp(1, { more })), member('2.sdp', sdp(2)), member('3.sdp', sdp(3))])),
      { allowPrivate: true },
    );
    answers.set('/sp1.exe', { body: payload });
    await approve(to, idOf(1));
    const [one] = await to.store.findRevisions(idOf(1));
    const xml = (await to.store.loadDocuments([one?.revisionId ?? 0])).get(one?.revisionId ?? 0) ?? '';
    assert.deepEqual(parseUpdateDocument(xml).supersedes, [idOf(3)]);
    assert.equal((await to.store.findRevisions(idOf(2))).length, 1);
  });

  it('publishes packages that require each other once each, however many there are', async () => {
    await using to = await server();
    const numbers = Array.from({ length: 24 }, (_, at) => at + 1);
    const all = numbers.map((number) => {
      const others = numbers
        .filter((other) => other !== number)
        .map((other) => `<sdp:PackageID>${idOf(other)}</sdp:PackageID>`);
      const more = `<sdp:Prerequisites>${others.join('')}</sdp:Prerequisites>`;
      return member(`${number}.sdp`, sdp(number, { more }));
    });
    await add(to, save('circle.zip', makeZip(all)), { allowPrivate: true });
    answers.set('/sp1.exe', { body: payload });
    await approve(to, idOf(1));
    for (const number of numbers) assert.equal((await to.store.findRevisions(idOf(number))).length, 1, idOf(number));
  });

  it('is repeated for a newer text; what the vendor expires is declined; a removed catalog leaves its updates', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('life.sdp', sdp(1)), { allowPrivate: true });
    await approve(to, idOf(1));
    const newer = await add(to, save('life.sdp', sdp(1, { title: 'Vendor update 1, again' })));
    assert.deepEqual(
      newer.newer.map(({ packageId }) => packageId),
      [idOf(1)],
    );
    assert.equal((await to.store.findRevisions(idOf(1))).length, 1);
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 2);
    const expired = await add(to, save('life.sdp', sdp(1, { state: 'Expired' })));
    assert.deepEqual(
      expired.expiredNow.map(({ packageId }) => packageId),
      [idOf(1)],
    );
    assert.deepEqual(await to.store.loadDeclined(), [idOf(1)]);
    await removeVendorCatalog(to, 'Example');
    assert.deepEqual([await listVendorCatalogs(to), (await to.store.findRevisions(idOf(1))).length], [[], 3]);
    await assert.rejects(removeVendorCatalog(to, 'Example'), { code: 'SERVER_NOT_FOUND' });
    const others = await add(to, save('life.sdp', sdp(1)), { name: 'Others' });
    assert.deepEqual(
      others.refused.map(({ code }) => code),
      ['CATALOG_IDENTITY_CONFLICT'],
    );
    assert.equal((await add(to, save('life.sdp', sdp(1)))).refused.length, 0);
  });

  it('that the vendor expired is declined by the next reading, if the process of the first one ended before', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('ended.sdp', sdp(1)), { allowPrivate: true });
    await approve(to, idOf(1));
    const notePublished = () => Promise.reject(new Error('the process ended'));
    const expired = save('ended.sdp', sdp(1, { state: 'Expired' }));
    await assert.rejects(add({ ...to, store: { ...to.store, notePublished } }, expired), /the process ended/);
    assert.deepEqual(await to.store.loadDeclined(), []);
    assert.equal((await add(to, expired)).expiredNow.length, 1);
    assert.deepEqual(await to.store.loadDeclined(), [idOf(1)]);
    assert.equal((await add(to, expired)).expiredNow.length, 0);
  });

  it('goes on after a process that ended between the update and the note of it', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('killed.sdp', sdp(1)), { allowPrivate: true });
    await approve(to, idOf(1));
    const row = await to.store.findVendorPackage(idOf(1));
    await to.store.notePublished(idOf(1), { revision: 1, as: `${row?.digest} content begun`, fileSha256: undefined });
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 2);
    // And one that ended before the update came.
    await to.store.notePublished(idOf(1), { revision: 3, as: `${row?.digest} content begun`, fileSha256: undefined });
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 4);
    assert.ok(existsSync(to.server.contentDir));
  });
});
