// Certificates made for the purpose, on real TLS ports.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createServer, type SecureVersion, type TlsOptions } from 'node:tls';
import * as x509 from '@peculiar/x509';
import { defaultProbeLimits } from '../bounds.ts';
import { makeReport } from '../report/report.ts';
import { defaultClientKinds } from '../server/client-kind.ts';
import { collectServerFacts } from '../server/collect.ts';
import { observeServer } from '../server/rungs.ts';
import { allCodes, failures, onPort } from '../test/diagnose.ts';
import type { FindingCode } from '../words/codes.ts';
import { collectTlsFacts } from './tls.ts';
import { observeTls } from './tls-rungs.ts';

x509.cryptoProvider.set(globalThis.crypto);
const day = 86_400_000;
const now = new Date();
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

interface Pair {
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

async function authority(name: string, under?: Pair, { to = 900 } = {}): Promise<Pair> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: under?.certificate.subject ?? `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: (under?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() - 10 * day),
    notAfter: new Date(now.getTime() + to * day),
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { certificate, keys };
}

async function leaf(
  under: Pair,
  { from = -5, to = 200, name = 'localhost' } = {},
): Promise<{ key: string; cert: string }> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: under.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: under.keys.privateKey,
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() + from * day),
    notAfter: new Date(now.getTime() + to * day),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { key, cert: certificate.toString('pem') };
}

async function examine(
  identity: TlsOptions & { key: string; cert: string; maxVersion?: SecureVersion; minVersion?: SecureVersion },
  ca: string[],
) {
  await using server = createServer({ ...identity }, (socket) => socket.end());
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}`);
  const facts = await collectTlsFacts(url, { ca, timeoutMs: 60_000 });
  server.close();
  return makeReport(url.origin, observeTls(facts, now));
}

async function serverFailures(address: string): Promise<FindingCode[]> {
  const facts = await collectServerFacts({
    url: new URL(address),
    clients: defaultClientKinds.slice(0, 1),
    selfUpdatePort: undefined,
    ca: [],
    limits: { ...defaultProbeLimits, connectMs: 3000, firstByteMs: 3000 },
    now: () => now,
    progress: () => {},
  });
  return failures(makeReport(address, observeServer(facts)));
}

describe('a TLS port', () => {
  const cases: [string, (root: Pair) => Promise<{ key: string; cert: string }>, FindingCode][] = [
    ['with an expired certificate', (root) => leaf(root, { from: -60, to: -2 }), 'DOCTOR_TLS_EXPIRED'],
    ['with a certificate of tomorrow', (root) => leaf(root, { from: 2 }), 'DOCTOR_TLS_EXPIRED'],
    ['with another name', (root) => leaf(root, { name: 'other.example' }), 'DOCTOR_TLS_NAME'],
    [
      'behind an inspecting gateway',
      async () => leaf(await authority('Zscaler Intermediate Root CA')),
      'DOCTOR_TLS_INSPECTION',
    ],
    [
      'of an authority nobody knows',
      async () => {
        const other = await authority('Unknown CA');
        const made = await leaf(other);
        return { ...made, cert: `${made.cert}\n${other.certificate.toString('pem')}` };
      },
      'DOCTOR_TLS_UNTRUSTED',
    ],
    ['without its intermediate', async (root) => leaf(await authority('Intermediate CA', root)), 'DOCTOR_TLS_CHAIN'],
  ];
  for (const [what, make, code] of cases) {
    it(`${what} has the one root ${code}`, async () => {
      const root = await authority('Root CA');
      const report = await examine(await make(root), [root.certificate.toString('pem')]);
      assert.deepEqual(failures(report), [code]);
    });
  }

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`that wants a client certificate over ${maxVersion} says so`, async () => {
      const root = await authority('Root CA');
      const trusted = [root.certificate.toString('pem')];
      const wanting = { ...(await leaf(root)), maxVersion, requestCert: true, rejectUnauthorized: true, ca: trusted };
      assert.deepEqual(failures(await examine(wanting, trusted)), ['DOCTOR_CLIENT_CERTIFICATE']);
    });
  }

  it('that speaks only old versions fails newer clients, one that speaks only new ones may fail old ones', async () => {
    const root = await authority('Root CA');
    const trusted = [root.certificate.toString('pem')];
    const old = {
      ...(await leaf(root)),
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    assert.deepEqual(failures(await examine(old, trusted)), ['DOCTOR_TLS_OUTDATED']);
    const modern = await examine({ ...(await leaf(root)), minVersion: 'TLSv1.2' }, trusted);
    assert.equal(modern.verdict, 'healthy');
    assert.ok(allCodes(modern).includes('DOCTOR_TLS_OLD_CLIENTS'));
  });

  it('whose issuer has expired is not healthy', async () => {
    const root = await authority('Root CA', undefined, { to: -1 });
    assert.deepEqual(failures(await examine(await leaf(root), [root.certificate.toString('pem')])), [
      'DOCTOR_TLS_EXPIRED',
    ]);
  });

  it('with one certificate of an issuer unknown here is untrusted; whether one in between is missing is not known', async () => {
    const report = await examine(await leaf(await authority('Our CA')), []);
    assert.deepEqual(failures(report), ['DOCTOR_TLS_UNTRUSTED']);
    assert.deepEqual(
      report.findings[0]?.consequences.map(({ code, verdict }) => `${code} ${verdict}`),
      ['DOCTOR_TLS_CHAIN unknown'],
    );
  });

  it('asked for in plain HTTP, or a plain port asked for TLS, is the wrong scheme', async () => {
    const root = await authority('Root CA');
    await using secure = createServer({ ...(await leaf(root)) }, (socket) => socket.end());
    secure.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => void secure.listen(0, '127.0.0.1', resolve));
    assert.deepEqual(await serverFailures(`http://127.0.0.1:${(secure.address() as AddressInfo).port}`), [
      'DOCTOR_WUSERVER_PORT',
    ]);
    secure.close();
    await onPort(
      (_, response) => void response.end('plain'),
      async (origin) => {
        const url = new URL(origin.replace('http:', 'https:'));
        assert.deepEqual(await serverFailures(url.href), ['DOCTOR_WUSERVER_PORT']);
        const facts = await collectTlsFacts(url, { ca: [], timeoutMs: 60_000 });
        assert.deepEqual(failures(makeReport(url.origin, observeTls(facts, now))), ['DOCTOR_WUSERVER_PORT']);
      },
    );
  });

  it('in order is healthy, and says when its certificate ends soon and whom it keeps out', async () => {
    const root = await authority('Root CA');
    const trusted = [root.certificate.toString('pem')];
    assert.ok(allCodes(await examine(await leaf(root), trusted)).includes('DOCTOR_TLS_HEALTHY'));
    const soon = await examine({ ...(await leaf(root, { to: 7 })), minVersion: 'TLSv1.3' }, trusted);
    assert.equal(soon.verdict, 'healthy');
    assert.ok(allCodes(soon).includes('DOCTOR_TLS_EXPIRES_SOON'));
    assert.ok(allCodes(soon).includes('DOCTOR_TLS_OLD_CLIENTS'));
  });
});
