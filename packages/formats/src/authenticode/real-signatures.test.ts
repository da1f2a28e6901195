// Signatures of Microsoft and of Node.js, which we did not make (fixtures/authenticode/PROVENANCE.md). The programs are
// not here; a stand-in says the digest that each signature says, so that all else is judged for real.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCertificate } from './certificate.ts';
import { readIndirectData } from './indirect-data.ts';
import { checkSignature } from './signature-check.ts';
import { readSignedData } from './signed-data.ts';
import type { DigestedFile } from './signed-file.ts';

const fixtures = new URL('../../../../fixtures/authenticode/', import.meta.url);

function judge(name: string, acceptSha1: boolean, trustedNames: string[]) {
  const message = readSignedData(readFileSync(new URL(name, fixtures)));
  assert.ok(message.content);
  const { digest } = readIndirectData(message.content);
  const file: DigestedFile = {
    kind: 'portable-executable',
    signatures: [],
    layout: [],
    remarks: [],
    digest: () => digest,
    prepare: () => assert.fail('not asked for'),
  };
  const stamp = message.signers[0]?.unsignedAttributes.get('1.3.6.1.4.1.311.3.3.1')?.[0];
  const hints = [message, ...(stamp ? [readSignedData(stamp.bytes)] : [])].flatMap(({ certificates }) => certificates);
  const trusted = hints
    .map(readCertificate)
    .filter(({ summary }) => trustedNames.some((cn) => summary.subject.startsWith(`CN=${cn}`)));
  const question = {
    trusted,
    trustedForTime: trusted,
    acceptSha1,
    acceptClaimedTime: false,
    now: new Date('2026-11-22T00:00:00Z'),
  };
  return checkSignature(file, message, false, question).signer;
}

test('Microsoft’s signature, expired by now, holds by Microsoft’s time stamp', () => {
  const signer = judge('microsoft-sha256-rfc3161.p7', false, [
    'Microsoft Code Signing PCA 2011',
    'Microsoft Time-Stamp PCA 2010',
  ]);
  assert.deepEqual(signer.problems, []);
  assert.deepEqual(signer.judgedAt, { time: new Date('2025-09-22T16:45:02.623Z'), by: 'timestamp' });
  assert.equal(signer.description, 'VS Code');
  assert.equal(signer.url, 'https://code.visualstudio.com/');
  assert.equal(signer.thumbprint, 'f5877012fbd62fabcbdc8d8cee9c9585ba30df79');
  assert.ok(signer.notAfter < new Date('2026-11-22T00:00:00Z'));
});

test('without trust in the time stamp, Microsoft’s signature has expired', () => {
  const { problems } = judge('microsoft-sha256-rfc3161.p7', false, ['Microsoft Code Signing PCA 2011']);
  assert.deepEqual([...new Set(problems.map(({ code }) => code))], ['SIGNATURE_EXPIRED']);
});

test('a SHA-1 signature of 2017 with its countersignature counts only where SHA-1 is accepted', () => {
  const authorities = ['DigiCert SHA2 Assured ID Code Signing CA', 'GlobalSign Timestamping CA - G2'];
  const strict = judge('nodejs-sha1-countersigned.p7', false, authorities);
  assert.equal(strict.intact, true);
  assert.deepEqual(
    strict.problems.map(({ code }) => code),
    ['SIGNATURE_WEAK_ALGORITHM', 'SIGNATURE_EXPIRED'],
  );
  const lenient = judge('nodejs-sha1-countersigned.p7', true, authorities);
  assert.deepEqual(lenient.problems, []);
  assert.deepEqual(
    lenient.timestamps.map(({ kind, time }) => [kind, time.toISOString()]),
    [['pkcs9', '2017-07-11T01:13:57.000Z']],
  );
});
