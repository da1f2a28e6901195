// Cabinets against osslsigncode, both ways.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCabinet, extractAll, readCabinet } from '../cab/index.ts';
import { FormatError } from '../errors.ts';
import { readDer } from './der.ts';
import { signFile, verifyFile } from './index.ts';
import { oids } from './oids.ts';
import { readIdentity } from './sign.ts';
import { indirectDataFor } from './signed-content.ts';
import { digestPieces } from './signed-file.ts';
import { writeSignedMessage } from './signed-message.ts';
import { inFolder, operator, osslsigncode, osslVerifies, writeIdentity } from './test/signing-lab.ts';

const modified = new Date('2024-05-06T07:08:10Z');
const bytes = new TextEncoder().encode('All the world is a stage. '.repeat(5000));
const members = [
  { name: 'play.txt', bytes, modified },
  { name: 'acts\\one.txt', bytes: bytes.subarray(7, 4000), modified },
];
const cabinets = {
  'a stored cabinet': createCabinet(members, { compression: 'none' }),
  'a cabinet of several folders': createCabinet(members, { compression: 'mszip', folderBytes: 50_000 }),
  'a cabinet with an empty reserve of 20 bytes': createCabinet(members, { reserve: { header: new Uint8Array(20) } }),
  'a cabinet with room as old tools left it': createCabinet(members, { reserve: { header: new Uint8Array(6144) } }),
  'a cabinet of an empty member': createCabinet([{ name: 'empty', bytes: new Uint8Array(), modified }]),
};
const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem] };

for (const [what, cabinet] of Object.entries(cabinets)) {
  test(`osslsigncode accepts our signature on ${what}, and its members stay`, () =>
    inFolder(async (folder) => {
      const signed = await signFile(cabinet, signer, { now, description: 'Ünï', url: 'https://example.org/' });
      assert.ok(osslVerifies(folder, signed, ca));
      assert.deepEqual(extractAll(readCabinet(signed)), extractAll(readCabinet(cabinet)));
      const report = await verifyFile(signed, trusted);
      assert.deepEqual(report.problems, []);
      assert.equal(report.signers[0]?.description, 'Ünï');
      assert.equal(report.signers[0]?.url, 'https://example.org/');
    }));
}

test('we accept what osslsigncode signs', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'plain.cab'), cabinets['a stored cabinet']);
    await osslsigncode(folder, [
      'sign',
      ...writeIdentity(folder, signer),
      '-h',
      'sha256',
      '-in',
      'plain.cab',
      '-out',
      'signed.cab',
    ]);
    const report = await verifyFile(readFileSync(join(folder, 'signed.cab')), trusted);
    assert.deepEqual(report.problems, []);
    assert.equal(report.kind, 'cabinet');
  }));

test('signing again takes the place of any signature, ours or foreign', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'plain.cab'), cabinets['a stored cabinet']);
    await osslsigncode(folder, [
      'sign',
      ...writeIdentity(folder, signer),
      '-h',
      'sha256',
      '-in',
      'plain.cab',
      '-out',
      'signed.cab',
    ]);
    const once = await signFile(cabinets['a stored cabinet'], signer, { now });
    assert.deepEqual(await signFile(once, signer, { now }), once);
    assert.deepEqual(await signFile(readFileSync(join(folder, 'signed.cab')), signer, { now }), once);
    assert.ok(osslVerifies(folder, once, ca));
  }));

test('a byte is protected here exactly where it is protected there', () =>
  inFolder(async (folder) => {
    const signed = await signFile(createCabinet(members.slice(1)), signer, { now });
    for (let at = 0; at < 100; at++) {
      const altered = Uint8Array.from(signed);
      altered[at] = (altered[at] ?? 0) ^ 1;
      const ours = await verifyFile(altered, trusted).then(
        (report) => report.trusted,
        (error) => assert.ok(error instanceof FormatError),
      );
      const theirs = osslVerifies(folder, altered, ca);
      // The filler is unprotected there; here it has to be zero, so that nothing hides in it.
      const isFiller = at >= 52 && at < 56;
      assert.equal(ours ?? false, isFiller ? false : theirs, `offset ${at}`);
    }
  }));

test('a reserve that holds something else is not overwritten', async () => {
  const cabinet = createCabinet(members, { reserve: { header: Uint8Array.from([1, 2, 3, 4]) } });
  await assert.rejects(signFile(cabinet, signer, { now }), { code: 'FORMAT_UNSUPPORTED', offset: 40 });
});

test('a signature in a reserve of another size is told, since nothing protects that size, and can be made anew', async () => {
  const reserve = new Uint8Array(64);
  new DataView(reserve.buffer).setUint32(0, 0x00100000, true);
  const cabinet = createCabinet(members, { reserve: { header: reserve } });
  const digest = digestPieces('sha256', [cabinet.subarray(0, 4), cabinet.subarray(8, 34), cabinet.subarray(56)]);
  const der = new Uint8Array(indirectDataFor('cabinet', digest).toBER());
  const message = await writeSignedMessage(
    { type: oids.indirectData, der, digested: readDer(der).content },
    readIdentity(signer),
    { now },
  );
  const signed = new Uint8Array(Buffer.concat([cabinet, message]));
  const view = new DataView(signed.buffer);
  view.setUint32(44, cabinet.length, true);
  view.setUint32(48, message.length, true);
  const report = await verifyFile(signed, trusted);
  assert.deepEqual(
    report.problems.map(({ code }) => code),
    ['SIGNATURE_BAD_LAYOUT'],
  );
  assert.match(report.problems[0]?.message ?? '', /64 bytes in place of 20/);
  assert.equal(report.signers[0]?.intact, true);
  assert.deepEqual((await verifyFile(await signFile(signed, signer, { now }), trusted)).problems, []);
});
