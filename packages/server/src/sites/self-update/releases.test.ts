import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { createOperatorSigner, verifyFile } from '@moult/formats/authenticode';
import { extractMember, readCabinet } from '@moult/formats/cab';
import { parseIdent } from '@moult/protocol/self-update';
import { publishIdents } from './ident-cabinets.ts';
import { newestRelease, publishAgentReleases } from './releases.ts';
import { makeKeys, type TestKeys, testNow, writeRelease } from './test/release-folder.ts';
import { identCabinet, pathOf, releaseCabinet } from './tree-folders.ts';

let keys: TestKeys;
let folder = '';
let dataDir = '';
let releaseDir = '';
before(async () => {
  keys = await makeKeys('Operator');
});
beforeEach(() => {
  if (folder) rmSync(folder, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'moult-releases-'));
  dataDir = join(folder, 'data');
  releaseDir = join(folder, 'releases');
  writeRelease(releaseDir, 'sus', '5.4.0.1');
  writeRelease(releaseDir, 'wsus', '7.9.0.1');
});
after(() => rmSync(folder, { recursive: true }));

const later = new Date('2027-03-01T00:00:00Z');
const publish = (now = testNow, identity = keys.signer) => publishAgentReleases(dataDir, releaseDir, identity, now);
const stored = (version = '7.9.0.1') => readFileSync(pathOf(releaseCabinet(dataDir, 'wsus', version)));

test('releases are signed once and kept from start to start', async () => {
  assert.deepEqual(
    (await publish()).map(({ release }) => release.version),
    ['7.9.0.1', '5.4.0.1'],
  );
  const first = stored();
  const again = await publish(later);
  assert.ok(stored().equals(first));
  assert.deepEqual(newestRelease(again)?.cabinet.signedAt, testNow);
});

test('a changed program or a new certificate makes a new signature', async () => {
  await publish();
  const first = stored();
  const renewed = await createOperatorSigner(keys.ca, { commonName: 'Operator signing 2', now: later });
  await publish(later, renewed);
  const second = stored();
  assert.ok(!second.equals(first));
  const report = await verifyFile(second, { trustedCertificatesPem: [keys.ca.certificatePem], now: later });
  assert.ok(report.trusted);
  assert.match(report.signers[0]?.subject ?? '', /signing 2/);
});

test('the newest version leads, in numbers not letters, and idents follow it', async () => {
  writeRelease(releaseDir, 'wsus', '7.9.0.10');
  writeRelease(releaseDir, 'wsus', '7.9.0.9');
  const newest = newestRelease(await publish());
  assert.equal(newest?.release.version, '7.9.0.10');
  await publishIdents(dataDir, newest?.release, keys.signer, testNow);
  const bytes = readFileSync(pathOf(identCabinet(dataDir, 'iuident')));
  assert.equal(parseIdent(extractMember(readCabinet(bytes), 'iuident.txt')).version, '7.9.0.10');
  await publishIdents(dataDir, newest?.release, keys.signer, later);
  assert.ok(readFileSync(pathOf(identCabinet(dataDir, 'iuident'))).equals(bytes));
});

test('a release that is no longer built stays published, and is signed anew with a new certificate', async () => {
  await publish();
  rmSync(join(releaseDir, 'wsus', '7.9.0.1'), { recursive: true });
  const renewed = await createOperatorSigner(keys.ca, { commonName: 'Operator signing 2', now: later });
  const newest = newestRelease(await publish(later, renewed));
  assert.equal(newest?.release.version, '7.9.0.1');
  assert.deepEqual(newest?.cabinet.signedAt, later);
  assert.equal(
    newestRelease(await publishAgentReleases(dataDir, undefined, renewed, later))?.release.version,
    '7.9.0.1',
  );
});

test('a stored cabinet that was tampered with is made anew', async () => {
  await publish();
  const good = stored();
  writeFileSync(pathOf(releaseCabinet(dataDir, 'wsus', '7.9.0.1')), 'tampered');
  await publish();
  assert.equal(stored().length, good.length);
});

test('a folder that is not what its release.json says is refused with its reason', async () => {
  writeFileSync(join(releaseDir, 'wsus', '7.9.0.1', 'agent.mjs'), 'something else');
  await assert.rejects(publish(), /agent\.mjs is not the file it lists/);
  rmSync(join(releaseDir, 'wsus', '7.9.0.1', 'agent.mjs'));
  await assert.rejects(publish(), { code: 'SERVER_BAD_RELEASE' });
  writeFileSync(join(releaseDir, 'wsus', '7.9.0.1', 'release.json'), '{}');
  await assert.rejects(publish(), { code: 'PROTOCOL_RELEASE_MALFORMED' });
});

test('one bad folder does not keep the others from being published', async () => {
  writeRelease(releaseDir, 'wsus', '7.9.0.2');
  writeFileSync(join(releaseDir, 'wsus', '7.9.0.2', 'release.json'), 'not json');
  const refused: Error[] = [];
  const published = await publishAgentReleases(dataDir, releaseDir, keys.signer, testNow, (error) =>
    refused.push(error),
  );
  assert.deepEqual(
    published.map(({ release }) => release.version),
    ['7.9.0.1', '5.4.0.1'],
  );
  assert.equal(refused.length, 1);
});

test('a cabinet that was replaced when the disk became full, or the process ended, is still one with its record', async () => {
  await publish();
  const cabinet = releaseCabinet(dataDir, 'wsus', '7.9.0.1');
  const record = pathOf(cabinet).replace(/\.cab$/, '.json');
  const before = [readFileSync(pathOf(cabinet)), readFileSync(record)] as const;
  const renewed = await createOperatorSigner(keys.ca, { commonName: 'Operator signing 2', now: later });
  await publish(later, renewed);
  const after = [readFileSync(pathOf(cabinet)), readFileSync(record)] as const;
  const [next] = [record.replace(/\.json$/, '.next.json')];
  // The ways in which the three steps can end: the next record is there, then the cabinet, then the record.
  for (const [bytes, text] of [
    [before[0], before[1]],
    [after[0], before[1]],
  ] as const) {
    writeFileSync(next, after[1]);
    writeFileSync(pathOf(cabinet), bytes);
    writeFileSync(record, text);
    const found = await publishAgentReleases(dataDir, undefined, bytes === before[0] ? keys.signer : renewed, later);
    assert.deepEqual(newestRelease(found)?.cabinet.bytes, bytes, 'what is there is served as it is');
  }
});
