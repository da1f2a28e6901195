import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOperatorCa, signFile, verifyFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { loadOrCreateCookieKey, loadOrCreateOperatorKeys } from './index.ts';

const now = new Date('2026-11-22T12:00:00Z');

async function inDataDir(run: (dataDir: string, keys: string) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'moult-keys-'));
  try {
    await run(dataDir, join(dataDir, 'keys'));
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

test('the operator’s keys are made once, for the owner only, and kept', () =>
  inDataDir(async (dataDir, keys) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    assert.deepEqual(readdirSync(keys).sort(), [
      'operator-ca.cer.pem',
      'operator-ca.key.pem',
      'operator-signing.cer.pem',
      'operator-signing.key.pem',
    ]);
    for (const name of readdirSync(keys)) assert.equal(statSync(join(keys, name)).mode & 0o777, 0o600);
    assert.deepEqual(await loadOrCreateOperatorKeys(dataDir, { now }), first);
  }));

test('what the signer signs is trusted by who pins the authority', () =>
  inDataDir(async (dataDir) => {
    const { ca, signer } = await loadOrCreateOperatorKeys(dataDir, { now });
    const signed = await signFile(createCabinet([{ name: 'a', bytes: new Uint8Array(1), modified: now }]), signer, {
      now,
    });
    const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], now });
    assert.deepEqual(report.problems, []);
  }));

test('an expired signing certificate is renewed under the same authority', () =>
  inDataDir(async (dataDir) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    const later = new Date('2037-01-01T00:00:00Z');
    const second = await loadOrCreateOperatorKeys(dataDir, { now: later });
    assert.equal(second.ca.certificatePem, first.ca.certificatePem);
    assert.notEqual(second.signer.certificatePem, first.signer.certificatePem);
    assert.deepEqual(await loadOrCreateOperatorKeys(dataDir, { now: later }), second);
  }));

test('a signing pair can be replaced by deleting it, and the authority’s key may be kept elsewhere', () =>
  inDataDir(async (dataDir, keys) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    const caKey = readFileSync(join(keys, 'operator-ca.key.pem'));
    rmSync(join(keys, 'operator-ca.key.pem'));
    assert.equal((await loadOrCreateOperatorKeys(dataDir, { now })).ca.privateKeyPem, '');
    rmSync(join(keys, 'operator-signing.cer.pem'));
    await assert.rejects(loadOrCreateOperatorKeys(dataDir, { now }), { code: 'SERVER_KEYS', message: /is not here/ });
    writeFileSync(join(keys, 'operator-ca.key.pem'), caKey);
    const second = await loadOrCreateOperatorKeys(dataDir, { now });
    assert.equal(second.ca.certificatePem, first.ca.certificatePem);
    assert.notEqual(second.signer.privateKeyPem, first.signer.privateKeyPem);
  }));

test('keys that do not fit together are refused at the start, not found out by clients', () =>
  inDataDir(async (dataDir, keys) => {
    await loadOrCreateOperatorKeys(dataDir, { now });
    const stranger = await createOperatorCa({ commonName: 'Stranger', now });
    writeFileSync(join(keys, 'operator-ca.cer.pem'), stranger.certificatePem);
    await assert.rejects(loadOrCreateOperatorKeys(dataDir, { now }), {
      code: 'SERVER_KEYS',
      message: /docs\/signing\.md/,
    });
    rmSync(join(keys, 'operator-ca.cer.pem'));
    await assert.rejects(loadOrCreateOperatorKeys(dataDir, { now }), { code: 'SERVER_KEYS', message: /is missing/ });
  }));

test('the cookie key survives, and a damaged one is told', () =>
  inDataDir(async (dataDir, keys) => {
    const key = await loadOrCreateCookieKey(dataDir);
    assert.equal(key.length, 32);
    assert.deepEqual(await loadOrCreateCookieKey(dataDir), key);
    assert.equal(statSync(join(keys, 'cookie.key')).mode & 0o777, 0o600);
    writeFileSync(join(keys, 'cookie.key'), 'short');
    await assert.rejects(loadOrCreateCookieKey(dataDir), { code: 'SERVER_KEYS' });
  }));
