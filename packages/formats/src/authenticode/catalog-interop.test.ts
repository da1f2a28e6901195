// Security catalogs against osslsigncode, both ways.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDer } from './der.ts';
import { signFile, verifyFile } from './index.ts';
import { readSignedData } from './signed-data.ts';
import { buildCatalog } from './test/catalog-lab.ts';
import { inFolder, operator, osslsigncode, osslVerifies, writeIdentity } from './test/signing-lab.ts';

const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem] };
const catalog = buildCatalog(3);

test('osslsigncode accepts our signature on a catalog, and the list stays byte for byte', () =>
  inFolder(async (folder) => {
    const signed = await signFile(catalog, signer, { now });
    assert.ok(osslVerifies(folder, signed, ca));
    const report = await verifyFile(signed, trusted);
    assert.deepEqual([report.kind, report.problems], ['catalog', []]);
    assert.deepEqual(readSignedData(signed).content?.bytes, readSignedData(catalog).content?.bytes);
    assert.deepEqual(await signFile(signed, signer, { now }), signed);
  }));

test('we accept osslsigncode’s signature on a catalog', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'plain.cat'), catalog);
    await osslsigncode(folder, [
      'sign',
      ...writeIdentity(folder, signer),
      '-h',
      'sha256',
      '-in',
      'plain.cat',
      '-out',
      'signed.cat',
    ]);
    const report = await verifyFile(readFileSync(join(folder, 'signed.cat')), trusted);
    assert.deepEqual(report.problems, []);
  }));

test('an altered list is told, an unsigned catalog is not signed, and other messages are no catalogs', async () => {
  const signed = await signFile(catalog, signer, { now });
  const at = Buffer.from(signed).indexOf(Buffer.from('member 1', 'utf16le'));
  assert.ok(at > 0);
  signed[at] = 0x58;
  const report = await verifyFile(signed, trusted);
  assert.deepEqual(
    report.problems.map(({ code }) => code),
    ['SIGNATURE_BAD_VALUE'],
  );
  assert.equal(report.digestMatches, false);
  assert.deepEqual(
    (await verifyFile(catalog, trusted)).problems.map(({ code }) => code),
    ['SIGNATURE_MISSING'],
  );
  const other = Uint8Array.from(readDer(catalog).bytes);
  other[Buffer.from(other).indexOf(Buffer.from([0x82, 0x37, 0x0a, 0x01])) + 3] = 2;
  await assert.rejects(verifyFile(other, trusted), { code: 'FORMAT_UNSUPPORTED' });
});

test('a catalog of a hundred thousand members is checked without reading them', async () => {
  const signed = await signFile(buildCatalog(100_000), signer, { now });
  await verifyFile(signed, trusted);
  // Processor time: what a busy machine does meanwhile does not count.
  const start = process.cpuUsage();
  const report = await verifyFile(signed, trusted);
  const tookMs = process.cpuUsage(start).user / 1000;
  assert.equal(report.trusted, true);
  assert.ok(tookMs < 2000, `${signed.length} bytes took ${tookMs} ms`);
});

test('RSASSA-PSS, as openssl signs with it, is checked and not only tolerated', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'list'), 'a list');
    const identity = writeIdentity(folder, signer);
    const keys = [
      '-signer',
      identity[1] ?? '',
      '-inkey',
      identity[3] ?? '',
      '-keyopt',
      'rsa_padding_mode:pss',
      '-md',
      'sha256',
    ];
    const content = ['-econtent_type', '1.3.6.1.4.1.311.10.1', '-binary', '-nodetach', '-in', 'list'];
    execFileSync('openssl', ['cms', '-sign', '-outform', 'DER', '-out', 'signed.cat', ...keys, ...content], {
      cwd: folder,
    });
    const signed = readFileSync(join(folder, 'signed.cat'));
    assert.deepEqual((await verifyFile(signed, trusted)).problems, []);
    signed[signed.length - 20] = (signed[signed.length - 20] ?? 0) ^ 1;
    assert.deepEqual(
      (await verifyFile(signed, trusted)).problems.map(({ code }) => code),
      ['SIGNATURE_BAD_VALUE'],
    );
  }));
