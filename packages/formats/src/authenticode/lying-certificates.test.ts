// Certificates that lie: about purpose, time, authority, names and sizes.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { createCabinet } from '../cab/index.ts';
import { readPemCertificates } from './certificate.ts';
import { findChain } from './chain.ts';
import { type SigningIdentity, signFile, verifyFile } from './index.ts';
import {
  certifyRsa,
  codeSigning,
  criticalExtension,
  issue,
  issueWithRsa,
  keyUsages,
  newKeys,
  timeStamping,
} from './test/certificate-lab.ts';

const now = new Date('2026-11-22T12:00:00Z');
const modified = new Date('2024-01-01T00:00:00Z');
const cabinet = createCabinet([{ name: 'a.txt', bytes: new TextEncoder().encode('hello '.repeat(20)), modified }]);
const ca = await issue({ commonName: 'CA', isAuthority: true });
const purposes = [codeSigning];
const good = await issue({ commonName: 'Signer', purposes }, ca);

async function problems(signer: SigningIdentity, trustedPem = ca.certificatePem, at = now): Promise<string[]> {
  const signed = await signFile(cabinet, signer, { now: at });
  const report = await verifyFile(signed, { trustedCertificatesPem: [trustedPem], now });
  assert.equal(report.trusted, report.problems.length === 0);
  return [...new Set(report.problems.map(({ code }) => code))];
}

test('an honest chain is trusted, and so are an authority in between and the signer itself when they are given', async () => {
  const middle = await issue({ commonName: 'Middle', isAuthority: true, pathLength: 0 }, ca);
  const signer = await issue({ commonName: 'Signer', purposes }, middle);
  for (const pem of [ca.certificatePem, middle.certificatePem, signer.certificatePem]) {
    assert.deepEqual(await problems(signer, pem), []);
  }
});

test('a signer for another purpose is told', async () => {
  for (const wrong of [undefined, [timeStamping], ['1.3.6.1.5.5.7.3.1'], ['2.5.29.37.0']]) {
    const signer = await issue({ commonName: 'Signer', ...(wrong ? { purposes: wrong } : {}) }, ca);
    assert.deepEqual(await problems(signer), ['SIGNATURE_NOT_CODE_SIGNING'], String(wrong));
  }
  const agreeing = await issue({ commonName: 'Signer', purposes, usages: keyUsages.keyAgreement }, ca);
  assert.deepEqual(await problems(agreeing), ['SIGNATURE_NOT_CODE_SIGNING']);
  const mailOnly = await issue({ commonName: 'Mail CA', isAuthority: true, purposes: ['1.3.6.1.5.5.7.3.4'] }, ca);
  assert.deepEqual(await problems(await issue({ commonName: 'Signer', purposes }, mailOnly)), [
    'SIGNATURE_NOT_CODE_SIGNING',
  ]);
});

test('an issuer that may not issue makes no chain', async () => {
  const shapes = [
    { commonName: 'No authority', isAuthority: false },
    { commonName: 'No issuing', isAuthority: true, usages: keyUsages.digitalSignature },
  ];
  for (const shape of shapes) {
    const signer = await issue({ commonName: 'Signer', purposes }, await issue(shape, ca));
    assert.deepEqual(await problems(signer), ['SIGNATURE_UNTRUSTED_CHAIN'], shape.commonName);
  }
  const shortRoot = await issue({ commonName: 'Short', isAuthority: true, pathLength: 0 });
  const middle = await issue({ commonName: 'Middle', isAuthority: true }, shortRoot);
  const signer = await issue({ commonName: 'Signer', purposes }, middle);
  assert.deepEqual(await problems(signer, shortRoot.certificatePem), ['SIGNATURE_UNTRUSTED_CHAIN']);
});

test('validity is judged at the signing time', async () => {
  const year = (from: number) => ({
    notBefore: new Date(`${from}-01-01T00:00:00Z`),
    notAfter: new Date(`${from + 1}-01-01T00:00:00Z`),
  });
  const past = await issue({ commonName: 'Signer', purposes, ...year(2024) }, ca);
  assert.deepEqual(await problems(past, ca.certificatePem, new Date('2024-06-01T00:00:00Z')), []);
  assert.deepEqual(await problems(past), ['SIGNATURE_EXPIRED']);
  const future = await issue({ commonName: 'Signer', purposes, ...year(2030) }, ca);
  assert.deepEqual(await problems(future), ['SIGNATURE_NOT_YET_VALID']);
  const signed = await signFile(cabinet, past, { now: new Date('2024-06-01T00:00:00Z') });
  const strict = await verifyFile(signed, {
    trustedCertificatesPem: [ca.certificatePem],
    now,
    acceptClaimedTime: false,
  });
  assert.deepEqual(
    strict.problems.map(({ code }) => code),
    ['SIGNATURE_EXPIRED'],
  );
});

test('a critical extension that nobody here understands is told', async () => {
  const extra = [criticalExtension('1.2.3.4.5')];
  assert.deepEqual(await problems(await issue({ commonName: 'Signer', purposes, extra }, ca)), [
    'SIGNATURE_BAD_CERTIFICATE',
  ]);
});

test('a negative serial number is told', async () => {
  const certificates = readPemCertificates([good.certificatePem, ca.certificatePem]);
  const [signer, root] = certificates;
  assert.ok(signer && root);
  const question = { hints: [], trusted: [root], purpose: codeSigning, at: now, acceptSha1: false } as const;
  assert.deepEqual(findChain(signer, question).problems, []);
  const negative = { ...signer, serial: Uint8Array.from([0x80, 1]) };
  assert.deepEqual(
    findChain(negative, question).problems.map(({ code }) => code),
    ['SIGNATURE_BAD_CERTIFICATE'],
  );
});

test('chains that loop, and heaps of look-alikes, end quickly', async () => {
  const [keysA, keysB] = [await newKeys(), await newKeys()];
  const a = await issue({ commonName: 'A', isAuthority: true, keys: keysA }, { subject: 'CN=B', keys: keysB });
  const b = await issue({ commonName: 'B', isAuthority: true, keys: keysB }, { subject: 'CN=A', keys: keysA });
  const looping = await issue({ commonName: 'Signer', purposes }, a);
  looping.chainPem = [a.certificatePem, b.certificatePem];
  assert.deepEqual(await problems(looping), ['SIGNATURE_UNTRUSTED_CHAIN']);
  const lookAlikes = await Promise.all(
    Array.from({ length: 30 }, () =>
      issue({ commonName: 'Same', isAuthority: true, keys: keysA }, { subject: 'CN=Same', keys: keysA }),
    ),
  );
  const crowded = await issue({ commonName: 'Signer', purposes }, { subject: 'CN=Same', keys: keysA });
  const hints = readPemCertificates(lookAlikes.map(({ certificatePem }) => certificatePem));
  const [signer] = readPemCertificates([crowded.certificatePem]);
  assert.ok(signer);
  const start = process.cpuUsage();
  const { problems: found } = findChain(signer, {
    hints,
    trusted: readPemCertificates([ca.certificatePem]),
    purpose: codeSigning,
    at: now,
    acceptSha1: false,
  });
  assert.ok(found.some(({ code }) => code === 'SIGNATURE_UNTRUSTED_CHAIN'));
  assert.ok(processorMs(start) < 1000);
});

test('a decoy with the signer’s name and number does not stand in for the signer', async () => {
  const serialNumber = '4242';
  const signer = await issue({ commonName: 'Signer', purposes, serialNumber }, ca);
  const decoy = await issue(
    { commonName: 'Signer', purposes, serialNumber },
    { subject: ca.subject, keys: await newKeys() },
  );
  const withDecoy = {
    ...signer,
    certificatePem: signer.certificatePem,
    chainPem: [decoy.certificatePem, ca.certificatePem],
  };
  assert.deepEqual(await problems(withDecoy), []);
  const forged = { ...decoy, chainPem: [signer.certificatePem] };
  assert.deepEqual(await problems(forged), ['SIGNATURE_UNTRUSTED_CHAIN']);
});

test('weak keys do not count, and keys too large to check are not checked', async () => {
  const sign = async (bits: number, acceptSha1: boolean) => {
    const signed = await signFile(cabinet, await issueWithRsa(bits, ca), { now });
    const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], now, acceptSha1 });
    return report.problems.map(({ code }) => code);
  };
  assert.deepEqual(await sign(1024, false), ['SIGNATURE_WEAK_ALGORITHM']);
  assert.deepEqual(await sign(1024, true), []);
  assert.deepEqual(await sign(512, true), ['SIGNATURE_WEAK_ALGORITHM']);
  const modulus = Buffer.alloc(20_000 / 8, 0xa5).toString('base64url');
  const huge = createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' });
  const [signer] = readPemCertificates([await certifyRsa(huge, ca)]);
  assert.ok(signer);
  const question = {
    hints: [],
    trusted: readPemCertificates([ca.certificatePem]),
    purpose: codeSigning,
    at: now,
    acceptSha1: true,
  } as const;
  assert.deepEqual(
    findChain(signer, question).problems.map(({ code }) => code),
    ['SIGNATURE_UNSUPPORTED_ALGORITHM'],
  );
});

test('a file made to cost as much time as it can is judged in a second', async () => {
  const modulus = (fill: number) => Buffer.alloc(1024, fill).toString('base64url');
  const jwk = (fill: number) => ({ key: { kty: 'RSA', n: modulus(fill), e: 'AQAB' }, format: 'jwk' }) as const;
  const decoys = await Promise.all(
    Array.from({ length: 60 }, (_, at) => certifyRsa(createPublicKey(jwk(0x81 + at)), ca)),
  );
  const signer = await issueWithRsa(2048, ca);
  const signed = await signFile(cabinet, { ...signer, chainPem: decoys }, { now });
  const start = process.cpuUsage();
  const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], now });
  assert.ok(processorMs(start) < 2000);
  assert.deepEqual(report.problems, []);
});

/** Processor time since `start`: what a busy machine does meanwhile does not count. */
function processorMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
