// Files with several signatures, SHA-1 beside SHA-256, as they were made for old and new systems at once; and unsigned
// attributes that somebody else put there.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCabinet } from '../cab/index.ts';
import { readDer } from './der.ts';
import { signFile, verifyFile } from './index.ts';
import { oids } from './oids.ts';
import { openSignedFile } from './open-signed-file.ts';
import { readIdentity } from './sign.ts';
import { indirectDataFor } from './signed-content.ts';
import { readSignedData } from './signed-data.ts';
import { writeSignedMessage } from './signed-message.ts';
import { codeSigning, issue, timeStamping } from './test/certificate-lab.ts';
import { buildProgram } from './test/program-lab.ts';
import { inFolder, operator, osslsigncode, writeIdentity } from './test/signing-lab.ts';
import { startTimestampLab } from './test/timestamp-lab.ts';

const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem] };
const cabinet = createCabinet([
  { name: 'a.txt', bytes: new Uint8Array(40), modified: new Date('2024-01-01T00:00:00Z') },
]);
const plain = { 'x.cab': cabinet, 'x.exe': buildProgram({ plus: true, tail: 3 }) };

/** Signed with SHA-1, and then, when `nested`, once more with SHA-256. */
async function signOld(folder: string, name: keyof typeof plain, nested: boolean): Promise<Uint8Array> {
  writeFileSync(join(folder, name), plain[name]);
  const identity = writeIdentity(folder, signer);
  await osslsigncode(folder, ['sign', ...identity, '-h', 'sha1', '-in', name, '-out', 'old']);
  if (nested) await osslsigncode(folder, ['sign', ...identity, '-nest', '-h', 'sha256', '-in', 'old', '-out', 'both']);
  return readFileSync(join(folder, nested ? 'both' : 'old'));
}

for (const name of ['x.cab', 'x.exe'] as const) {
  test(`a SHA-1 signature on ${name} is intact, and trusted only where SHA-1 is accepted`, () =>
    inFolder(async (folder) => {
      const signed = await signOld(folder, name, false);
      const strict = await verifyFile(signed, trusted);
      assert.deepEqual(
        strict.problems.map(({ code }) => code),
        ['SIGNATURE_WEAK_ALGORITHM'],
      );
      assert.equal(strict.signers[0]?.intact, true);
      assert.deepEqual((await verifyFile(signed, { ...trusted, acceptSha1: true })).problems, []);
    }));

  test(`a nested SHA-256 signature makes ${name} trusted, and the SHA-1 one beside it is told`, () =>
    inFolder(async (folder) => {
      const report = await verifyFile(await signOld(folder, name, true), trusted);
      assert.deepEqual(report.problems, []);
      assert.deepEqual(
        report.signers.map((each) => [each.digestAlgorithm, each.nested, each.trusted]),
        [
          ['sha1', false, false],
          ['sha256', true, true],
        ],
      );
      assert.ok(report.notes.some(({ code }) => code === 'SIGNATURE_NOTE_OTHER_UNTRUSTED'));
    }));

  test(`an altered ${name} fails all of its signatures`, () =>
    inFolder(async (folder) => {
      const signed = Uint8Array.from(await signOld(folder, name, true));
      const at = name === 'x.cab' ? 61 : 0x500;
      signed[at] = (signed[at] ?? 0) ^ 1;
      const report = await verifyFile(signed, { ...trusted, acceptSha1: true });
      assert.deepEqual(
        report.signers.map(({ intact }) => intact),
        [false, false],
      );
      assert.equal(report.trusted, false);
      assert.equal(report.digestMatches, false);
    }));
}

test('a time stamp taken from another signature is told as broken', () =>
  inFolder(async (folder) => {
    const tsa = await issue({ commonName: 'TSA', purposes: [timeStamping] });
    const lab = await startTimestampLab(folder, tsa);
    try {
      const requestTimestamp = async (request: Uint8Array) => lab.reply(request);
      const stamped = await signFile(cabinet, signer, { now, requestTimestamp });
      const [message] = openSignedFile(stamped).signatures;
      const token = message && readSignedData(message).signers[0]?.unsignedAttributes.get(oids.microsoftTimestamp)?.[0];
      assert.ok(token);
      const report = await verifyFile(await forge(token.bytes), trusted);
      assert.deepEqual(
        report.problems.map(({ code }) => code),
        ['SIGNATURE_BAD_TIMESTAMP'],
      );
      assert.match(report.problems[0]?.message ?? '', /another signature/);
      const nonsense = await verifyFile(await forge(Uint8Array.from([0x30, 3, 2, 1, 1])), trusted);
      assert.deepEqual(
        nonsense.problems.map(({ code }) => code),
        ['SIGNATURE_BAD_TIMESTAMP'],
      );
    } finally {
      await lab.close();
    }
  }));

/** The cabinet signed a second earlier, with a time stamp of somebody's choice. */
async function forge(token: Uint8Array): Promise<Uint8Array> {
  const file = openSignedFile(cabinet);
  assert.ok('prepare' in file && file.kind !== 'catalog');
  const prepared = file.prepare();
  const der = new Uint8Array(indirectDataFor(file.kind, prepared.digest('sha256')).toBER());
  const content = { type: oids.indirectData, der, digested: readDer(der).content };
  const statement = { now: new Date(now.getTime() - 1000) };
  return prepared.withSignature(await writeSignedMessage(content, readIdentity(signer), statement, async () => token));
}

test('signers of elliptic-curve keys sign, too', async () => {
  const root = await issue({ commonName: 'EC CA', isAuthority: true });
  const elliptic = await issue({ commonName: 'EC signer', purposes: [codeSigning] }, root);
  const report = await verifyFile(await signFile(cabinet, elliptic, { now }), {
    trustedCertificatesPem: [root.certificatePem],
  });
  assert.deepEqual(report.problems, []);
});
