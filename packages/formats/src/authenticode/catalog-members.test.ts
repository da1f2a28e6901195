import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildCompoundFile } from '../compound-file/test/build.ts';
import { findCatalogMember } from './catalog-members.ts';
import { signFile, verifyInCatalog } from './index.ts';
import { openSignedFile } from './open-signed-file.ts';
import { readSignedData } from './signed-data.ts';
import { buildCatalog, type CatalogEntry } from './test/catalog-lab.ts';
import { buildProgram } from './test/program-lab.ts';
import { inFolder, operator, osslsigncode } from './test/signing-lab.ts';

const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem], now };
const plain = Buffer.from('[Version]\r\nSignature="$Windows NT$"\r\n');
const program = buildProgram({ plus: true, tail: 0 });
const installer = buildCompoundFile([{ name: 'a', content: Buffer.alloc(10, 1) }]).bytes;

function flat(bytes: Uint8Array, algorithm: CatalogEntry['algorithm']): CatalogEntry {
  return { algorithm, digest: createHash(algorithm).update(bytes).digest() };
}

function authenticode(bytes: Uint8Array, algorithm: CatalogEntry['algorithm']): CatalogEntry {
  const file = openSignedFile(bytes);
  assert.ok(file.kind !== 'catalog');
  return { algorithm, digest: Buffer.from(file.digest(algorithm)) };
}

async function catalogOf(...entries: CatalogEntry[]): Promise<Uint8Array> {
  return signFile(buildCatalog(50, entries), signer, { now });
}

const codes = async (bytes: Uint8Array, catalog: Uint8Array, options = {}) =>
  (await verifyInCatalog(bytes, catalog, { ...trusted, ...options })).problems.map(({ code }) => code);

test('a catalog vouches for the files that it names, whatever they are', async () => {
  const catalog = await catalogOf(
    flat(plain, 'sha256'),
    authenticode(program, 'sha256'),
    authenticode(installer, 'sha256'),
  );
  for (const bytes of [plain, program, installer]) assert.deepEqual(await codes(bytes, catalog), []);
  assert.deepEqual(await codes(Buffer.from('another file'), catalog), ['SIGNATURE_NOT_IN_CATALOG']);
  const altered = Uint8Array.from(program);
  altered[0x410] = (altered[0x410] ?? 0) ^ 1;
  assert.deepEqual(await codes(altered, catalog), ['SIGNATURE_NOT_IN_CATALOG']);
});

test('a name by SHA-1 counts only where SHA-1 counts', async () => {
  const catalog = await catalogOf(flat(plain, 'sha1'));
  assert.deepEqual(await codes(plain, catalog), ['SIGNATURE_WEAK_ALGORITHM']);
  assert.deepEqual(await codes(plain, catalog, { acceptSha1: true }), []);
  assert.deepEqual(await codes(plain, await catalogOf(flat(plain, 'sha1'), flat(plain, 'sha256'))), []);
});

test('entries of the old kind, whose name alone is the digest, are found', async () => {
  const entry = { ...flat(plain, 'sha1'), isNameOnly: true };
  assert.deepEqual(await codes(plain, await catalogOf(entry), { acceptSha1: true }), []);
});

test('a catalog of a stranger names files for nobody', async () => {
  const stranger = await operator(now);
  const catalog = await signFile(buildCatalog(5, [flat(plain, 'sha256')]), stranger.signer, { now });
  assert.deepEqual(await codes(plain, catalog), ['SIGNATURE_UNTRUSTED_CHAIN']);
  const unsigned = buildCatalog(5, [flat(plain, 'sha256')]);
  assert.deepEqual(await codes(plain, unsigned), ['SIGNATURE_MISSING']);
  await assert.rejects(verifyInCatalog(plain, program, trusted), { code: 'FORMAT_UNSUPPORTED' });
});

test('a digest that stands somewhere in the list and names nothing does not count', async () => {
  const { digest } = flat(plain, 'sha256');
  const catalog = await catalogOf({ algorithm: 'sha256', digest: Buffer.concat([digest, Buffer.from([0])]) });
  assert.deepEqual(await codes(plain, catalog), ['SIGNATURE_NOT_IN_CATALOG']);
});

test('osslsigncode finds the same file in the same catalog', () =>
  inFolder(async (folder) => {
    writeFileSync(join(folder, 'ca.pem'), ca.certificatePem);
    writeFileSync(join(folder, 'file.exe'), program);
    writeFileSync(join(folder, 'good.cat'), await catalogOf(authenticode(program, 'sha256')));
    writeFileSync(join(folder, 'other.cat'), await catalogOf(flat(plain, 'sha256')));
    const verify = (catalog: string) =>
      osslsigncode(folder, ['verify', '-CAfile', 'ca.pem', '-catalog', catalog, '-in', 'file.exe']);
    await verify('good.cat');
    await assert.rejects(verify('other.cat'));
  }));

test('in a list of a hundred thousand files one is found in time', () => {
  const list = buildCatalog(100_000, [flat(plain, 'sha256')]);
  const started = process.cpuUsage();
  const { content } = readSignedData(list);
  assert.equal(content && findCatalogMember(content, plain), 'sha256');
  assert.equal(content && findCatalogMember(content, Buffer.from('not there')), undefined);
  assert.ok(process.cpuUsage(started).user < 10_000_000);
});
