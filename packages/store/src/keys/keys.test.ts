import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOperatorCa, createOperatorSigner, signFile, verifyFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';
import { loadOrCreateCookieKey, loadOrCreateOperatorKeys, signingTimeOf } from './index.ts';
import { finishKeySwitch, switchKeyFiles } from './key-switch.ts';

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

test('an expired signing certificate is renewed under the same authority, and a copy stays', () =>
  inDataDir(async (dataDir, keys) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    const later = new Date('2037-01-01T00:00:00Z');
    const second = await loadOrCreateOperatorKeys(dataDir, { now: later });
    assert.equal(second.ca.certificatePem, first.ca.certificatePem);
    assert.notEqual(second.signer.certificatePem, first.signer.certificatePem);
    assert.deepEqual(await loadOrCreateOperatorKeys(dataDir, { now: later }), { ...second, notices: [] });
    assert.equal(second.notices.length, 1);
    const copies = ['key', 'cer'].map((kind) => join(keys, `operator-signing.${kind}.pem.replaced-20370101T000000Z`));
    assert.deepEqual(
      copies.map((copy) => readFileSync(copy, 'utf8')),
      [first.signer.privateKeyPem, first.signer.certificatePem],
    );
    for (const copy of copies) assert.equal(statSync(copy).mode & 0o777, 0o600);
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

const clocks = ['1970-01-01', '1990-01-01', '2026-12-01', '2036-12-01', '2057-12-01', '2100-01-01'];
const at = (day: string) => new Date(`${day}T12:00:00Z`);

/** As every agent does that pinned `caPem`. */
async function agentTakes(caPem: string, signer: Parameters<typeof signFile>[1], when: Date): Promise<string[]> {
  const cabinet = createCabinet([{ name: 'a', bytes: new Uint8Array(1), modified: now }]);
  const signed = await signFile(cabinet, signer, { now: signingTimeOf(signer, when) });
  const { problems } = await verifyFile(signed, { trustedCertificatesPem: [caPem] });
  return problems.map(({ code }) => code);
}

for (const first of clocks) {
  test(`keys made in ${first} are kept under every other clock, and agents take what they sign`, () =>
    inDataDir(async (dataDir) => {
      const made = await loadOrCreateOperatorKeys(dataDir, { now: at(first) });
      for (const day of clocks) {
        const options = { now: at(day), isClockBelieved: day === '2026-12-01' };
        const { ca, signer } = await loadOrCreateOperatorKeys(dataDir, options);
        assert.deepEqual([ca, signer], [made.ca, made.signer], day);
        assert.deepEqual(await agentTakes(ca.certificatePem, signer, at(day)), [], day);
      }
    }));
}

test('a clock that is not believed renews nothing, and says so', () =>
  inDataDir(async (dataDir) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    const later = await loadOrCreateOperatorKeys(dataDir, { now: at('2036-12-01'), isClockBelieved: false });
    assert.deepEqual(later.signer, first.signer);
    assert.match(later.notices[0]?.headline ?? '', /ended on 2036-/);
    const ended = await loadOrCreateOperatorKeys(dataDir, { now: at('2090-01-01') });
    assert.deepEqual(ended.signer, first.signer);
    assert.match(ended.notices[0]?.remedy ?? '', /authority .* ended too/);
  }));

test('a certificate that ended while the authority’s key is elsewhere serves on', () =>
  inDataDir(async (dataDir, keys) => {
    const first = await loadOrCreateOperatorKeys(dataDir, { now });
    rmSync(join(keys, 'operator-ca.key.pem'));
    const later = await loadOrCreateOperatorKeys(dataDir, { now: at('2040-01-01') });
    assert.deepEqual(later.signer, first.signer);
    assert.match(later.notices[0]?.remedy ?? '', /Put operator-ca\.key\.pem back/);
    assert.deepEqual(await agentTakes(first.ca.certificatePem, later.signer, at('2040-01-01')), []);
  }));

for (const [then, since] of [
  ['1990-01-01', '2026-11-22'],
  ['2036-12-01', '2026-12-01'],
]) {
  test(`what an earlier version made in ${then} and spoilt in ${since} is mended under the same authority`, () =>
    inDataDir(async (dataDir, keys) => {
      const ca = await createOperatorCa({ commonName: 'Moult operator CA', now: at(then ?? '') });
      const signer = await createOperatorSigner(ca, { commonName: 'Moult operator signing', now: at(since ?? '') });
      await loadOrCreateCookieKey(dataDir);
      writeFileSync(join(keys, 'operator-ca.cer.pem'), ca.certificatePem);
      writeFileSync(join(keys, 'operator-ca.key.pem'), ca.privateKeyPem);
      writeFileSync(join(keys, 'operator-signing.cer.pem'), signer.certificatePem);
      writeFileSync(join(keys, 'operator-signing.key.pem'), signer.privateKeyPem);
      const mended = await loadOrCreateOperatorKeys(dataDir, { now });
      assert.equal(mended.ca.certificatePem, ca.certificatePem);
      assert.deepEqual(await agentTakes(ca.certificatePem, mended.signer, now), []);
    }));
}

test('two processes that start at once make one set of keys', () =>
  inDataDir(async (dataDir) => {
    const both = await Promise.all([1, 2, 3].map(() => loadOrCreateOperatorKeys(dataDir, { now })));
    assert.deepEqual(both[1], both[0]);
    assert.deepEqual(both[2], both[0]);
  }));

test('a key without its certificate is kept as a copy when a new authority is made', () =>
  inDataDir(async (dataDir, keys) => {
    const { ca } = await loadOrCreateOperatorKeys(dataDir, { now });
    for (const name of readdirSync(keys)) if (name !== 'operator-ca.key.pem') rmSync(join(keys, name));
    const again = await loadOrCreateOperatorKeys(dataDir, { now });
    assert.notEqual(again.ca.certificatePem, ca.certificatePem);
    const [copy] = readdirSync(keys).filter((name) => name.startsWith('operator-ca.key.pem.replaced-'));
    assert.equal(readFileSync(join(keys, copy ?? ''), 'utf8'), ca.privateKeyPem);
  }));

test('a change of keys that was cut off is finished when it was final, and gone when it was not', () =>
  inDataDir(async (dataDir, keys) => {
    await loadOrCreateCookieKey(dataDir);
    writeFileSync(join(keys, 'a'), 'old a');
    writeFileSync(join(keys, 'b'), 'old b');
    mkdirSync(join(keys, 'next'));
    writeFileSync(join(keys, 'next', 'a'), 'half');
    assert.equal(finishKeySwitch(keys), 'removed');
    assert.equal(readFileSync(join(keys, 'a'), 'utf8'), 'old a');
    // Killed between the two renames.
    mkdirSync(join(keys, 'next'));
    writeFileSync(join(keys, 'next', 'b'), 'new b');
    const files = [
      { name: 'a', removed: false },
      { name: 'b', removed: false },
    ];
    writeFileSync(join(keys, 'next', 'change.json'), JSON.stringify({ stamp: '20261122T120000Z', files }));
    assert.equal(finishKeySwitch(keys), 'finished');
    assert.equal(readFileSync(join(keys, 'b'), 'utf8'), 'new b');
    assert.equal(readFileSync(join(keys, 'b.replaced-20261122T120000Z'), 'utf8'), 'old b');
    assert.equal(finishKeySwitch(keys), undefined);
    switchKeyFiles(keys, new Map([['b', null]]), now);
    assert.ok(!existsSync(join(keys, 'b')));
    assert.equal(readFileSync(join(keys, 'b.replaced-20261122T120000Z-2'), 'utf8'), 'new b');
    writeFileSync(join(dataDir, 'outside'), 'kept');
    mkdirSync(join(keys, 'next'));
    const hostile = { stamp: '20261122T120000Z', files: [{ name: '../outside', removed: true }] };
    writeFileSync(join(keys, 'next', 'change.json'), JSON.stringify(hostile));
    assert.equal(finishKeySwitch(keys), 'removed');
    assert.ok(existsSync(join(dataDir, 'outside')));
  }));
