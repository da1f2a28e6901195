// Time stamps, asked for and read: RFC 3161 from openssl, and the countersignatures before it from osslsigncode.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCabinet } from '../cab/index.ts';
import { signFile, verifyFile } from './index.ts';
import { codeSigning, issue, type LabIdentity, timeStamping } from './test/certificate-lab.ts';
import { inFolder, osslsigncode, osslVerifies, writeIdentity } from './test/signing-lab.ts';
import { startTimestampLab, type TimestampLab } from './test/timestamp-lab.ts';

const cabinet = createCabinet([
  { name: 'a.txt', bytes: new Uint8Array(40), modified: new Date('2024-01-01T00:00:00Z') },
]);
const dayMs = 86_400_000;
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * dayMs);
const ca = await issue({ commonName: 'Lab CA', isAuthority: true });
const timeCa = await issue({ commonName: 'Lab time CA', isAuthority: true });
const authority = await issue({ commonName: 'Lab TSA', purposes: [timeStamping] }, timeCa);
const signer = await issue({ commonName: 'Signer', purposes: [codeSigning], notAfter: inDays(1) }, ca);
const trusted = {
  trustedCertificatesPem: [ca.certificatePem],
  trustedTimestampCertificatesPem: [timeCa.certificatePem],
};

async function withLab(run: (lab: TimestampLab, folder: string) => Promise<void>, tsa = authority, digest = 'sha256') {
  await inFolder(async (folder) => {
    const lab = await startTimestampLab(folder, tsa, digest);
    try {
      await run(lab, folder);
    } finally {
      await lab.close();
    }
  });
}

const asking = (lab: TimestampLab) => ({ now, requestTimestamp: async (request: Uint8Array) => lab.reply(request) });

test('a signature with a time stamp outlives its certificate', () =>
  withLab(async (lab, folder) => {
    const signed = await signFile(cabinet, signer, asking(lab));
    const later = { ...trusted, now: inDays(400), acceptClaimedTime: false };
    const report = await verifyFile(signed, later);
    assert.deepEqual(report.problems, []);
    assert.equal(report.signers[0]?.judgedAt.by, 'timestamp');
    assert.equal(report.signers[0]?.timestamps[0]?.authority, 'CN=Lab TSA');
    assert.ok(Math.abs(Number(report.signingTime) - now.getTime()) < 120_000);
    assert.ok(osslVerifies(folder, signed, ca, timeCa));
    const unstamped = await verifyFile(await signFile(cabinet, signer, { now }), later);
    assert.deepEqual(
      unstamped.problems.map(({ code }) => code),
      ['SIGNATURE_EXPIRED'],
    );
  }));

test('a certificate for lifetime signing is not carried on by a time stamp', () =>
  withLab(async (lab) => {
    const purposes = [codeSigning, '1.3.6.1.4.1.311.10.3.13'];
    const mortal = await issue({ commonName: 'Mortal', purposes, notAfter: inDays(1) }, ca);
    const signed = await signFile(cabinet, mortal, asking(lab));
    assert.equal((await verifyFile(signed, { ...trusted, now })).trusted, true);
    const report = await verifyFile(signed, { ...trusted, now: inDays(2) });
    assert.deepEqual(
      report.problems.map(({ code }) => code),
      ['SIGNATURE_EXPIRED'],
    );
  }));

test('a time stamp of an unknown authority does not count and does no harm', () =>
  withLab(async (lab) => {
    const signed = await signFile(cabinet, signer, asking(lab));
    const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], now });
    assert.deepEqual(report.problems, []);
    assert.deepEqual(
      report.notes.map(({ code }) => code),
      ['SIGNATURE_NOTE_TIMESTAMP_UNTRUSTED', 'SIGNATURE_NOTE_CLAIMED_TIME'],
    );
    const strict = await verifyFile(signed, {
      trustedCertificatesPem: [ca.certificatePem],
      now: inDays(2),
      acceptClaimedTime: false,
    });
    assert.deepEqual(
      strict.problems.map(({ code }) => code),
      ['SIGNATURE_EXPIRED'],
    );
  }));

test('a certificate without the time-stamping purpose stamps nothing', () =>
  withLab(async (lab, folder) => {
    const signed = await foreignlyStamped(lab, folder, signer, '-t');
    const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem] });
    assert.deepEqual(
      report.signers[0]?.timestamps.map(({ trusted }) => trusted),
      [false],
    );
    assert.match(report.notes[0]?.message ?? '', /not meant for time stamps/);
  }, signer));

for (const option of ['-ts', '-t'] as const) {
  const kind = option === '-ts' ? 'rfc3161' : 'pkcs9';
  test(`we read the ${kind} time stamps that osslsigncode fetches`, () =>
    withLab(async (lab, folder) => {
      const report = await verifyFile(await foreignlyStamped(lab, folder, signer, option), trusted);
      assert.deepEqual(report.problems, []);
      assert.deepEqual(
        report.signers[0]?.timestamps.map((stamp) => [stamp.kind, stamp.trusted]),
        [[kind, true]],
      );
    }));
}

test('a SHA-1 time stamp counts only where SHA-1 is accepted', () =>
  withLab(
    async (lab, folder) => {
      const signed = await foreignlyStamped(lab, folder, signer, '-t');
      assert.equal((await verifyFile(signed, trusted)).signers[0]?.timestamps[0]?.trusted, false);
      const lenient = await verifyFile(signed, { ...trusted, acceptSha1: true });
      assert.equal(lenient.signers[0]?.timestamps[0]?.trusted, true);
    },
    authority,
    'sha1',
  ));

test('an authority that answers with the time stamp of another signature is refused', () =>
  withLab(async (lab) => {
    const first: Uint8Array[] = [];
    const requestTimestamp = async (request: Uint8Array) => {
      first.push(lab.reply(request));
      return first[0] ?? new Uint8Array();
    };
    await signFile(cabinet, signer, { now, requestTimestamp });
    await assert.rejects(signFile(cabinet, signer, { now: inDays(-1), requestTimestamp }), {
      code: 'FORMAT_BAD_TIMESTAMP',
      message: /another signature/,
    });
  }));

test('an answer that repeats no nonce, refuses or is no answer at all is refused', () =>
  withLab(async (lab) => {
    const answers: Record<string, (request: Uint8Array) => Uint8Array> = {
      'it refuses \\(status 2: no such policy': () =>
        Uint8Array.from([0x30, 0x17, 0x30, 0x15, 2, 1, 2, 0x30, 0x10, 0x0c, 0x0e, ...Buffer.from('no such policy')]),
      'another request': (request) => lab.reply(otherNonce(request)),
      'ASN.1': () => new TextEncoder().encode('<html>Please log in</html>'),
      'ends too early': (request) => lab.reply(request).subarray(0, 500),
      'bytes long': () => new Uint8Array(1024 * 1024 + 1),
    };
    for (const [reason, answer] of Object.entries(answers)) {
      const attempt = signFile(cabinet, signer, { now, requestTimestamp: async (request) => answer(request) });
      await assert.rejects(attempt, { code: 'FORMAT_BAD_TIMESTAMP', message: new RegExp(reason) });
    }
  }));

async function foreignlyStamped(lab: TimestampLab, folder: string, identity: LabIdentity, option: '-ts' | '-t') {
  writeFileSync(join(folder, 'plain.cab'), cabinet);
  const url = option === '-ts' ? lab.url : `${lab.url}legacy`;
  await osslsigncode(folder, [
    'sign',
    ...writeIdentity(folder, identity),
    '-h',
    'sha256',
    option,
    url,
    '-in',
    'plain.cab',
    '-out',
    'signed.cab',
  ]);
  return readFileSync(join(folder, 'signed.cab'));
}

/** The request with another nonce: the INTEGER before the final BOOLEAN. */
function otherNonce(request: Uint8Array): Uint8Array {
  const altered = Uint8Array.from(request);
  const at = altered.length - 5;
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}
