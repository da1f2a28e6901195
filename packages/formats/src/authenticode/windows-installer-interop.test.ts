// Windows Installer files against osslsigncode, which signs them, and the places that no digest covers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildCompoundFile, type NewEntry, packageClassId } from '../compound-file/test/build.ts';
import { signFile, verifyFile } from './index.ts';
import { inFolder, operator, osslsigncode, osslVerifies, writeIdentity } from './test/signing-lab.ts';

const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem] };
const patchClassId = Buffer.from(packageClassId);
patchClassId[0] = 0x86;

/** Names of which one begins another, and names in the characters that tables have. */
const children: NewEntry[] = [
  { name: '\u4840\u3f3f\u4577', content: Buffer.alloc(300, 1) },
  { name: '\u4840\u3f3f', content: Buffer.alloc(5000, 2) },
  { name: 'ab', content: Buffer.alloc(10, 3) },
  { name: 'a', content: Buffer.alloc(64, 4) },
  { name: 'none', content: new Uint8Array(0) },
  { name: 'Transform', children: [{ name: 'z', content: Buffer.alloc(20, 5) }], classId: Buffer.alloc(16, 9) },
  { name: '\u0005SummaryInformation', content: Buffer.alloc(200, 6) },
];
const files = {
  'a package (.msi)': buildCompoundFile(children).bytes,
  'a patch (.msp)': buildCompoundFile(children, { classId: patchClassId }).bytes,
  'a package of version 4': buildCompoundFile(children, { version: 4 }).bytes,
};

async function signed(folder: string, bytes: Uint8Array, ...options: string[]): Promise<Uint8Array> {
  writeFileSync(join(folder, 'plain.msi'), bytes);
  const args = ['sign', ...writeIdentity(folder, signer), '-h', 'sha256', ...options];
  await osslsigncode(folder, [...args, '-in', 'plain.msi', '-out', 'signed.msi']);
  return readFileSync(join(folder, 'signed.msi'));
}

for (const [what, bytes] of Object.entries(files)) {
  for (const [how, options, notes] of [
    ['', [], ['SIGNATURE_NOTE_NAMES']],
    [' with MsiDigitalSignatureEx', ['-add-msi-dse'], []],
  ] as const) {
    test(`we accept osslsigncode’s signature on ${what}${how}`, () =>
      inFolder(async (folder) => {
        const file = await signed(folder, bytes, ...options);
        assert.ok(osslVerifies(folder, file, ca));
        const report = await verifyFile(file, trusted);
        assert.deepEqual([report.kind, report.problems], ['windows-installer', []]);
        const codes = report.notes.map(({ code }) => code).filter((code) => code !== 'SIGNATURE_NOTE_CLAIMED_TIME');
        assert.deepEqual(codes, notes);
      }));
  }
}

test('every byte of every stream is protected, and the class ids are', () =>
  inFolder(async (folder) => {
    const file = Buffer.from(await signed(folder, files['a package (.msi)']));
    const contents = children.flatMap(({ content, children: inner, classId }) => [
      ...(content ? [content] : []),
      ...(inner ?? []).map((child) => child.content as Uint8Array),
      ...(classId ? [classId] : []),
    ]);
    for (const content of [...contents, packageClassId].filter(({ length }) => length > 0)) {
      const start = file.indexOf(content);
      assert.ok(start > 0);
      for (let at = start; at < start + content.length; at += Math.max(1, content.length >> 4)) {
        const altered = Uint8Array.from(file);
        altered[at] = (altered[at] ?? 0) ^ 1;
        const { problems } = await verifyFile(altered, trusted);
        assert.equal(problems[0]?.code, 'SIGNATURE_BAD_DIGEST', `offset ${at}`);
        assert.equal(osslVerifies(folder, altered, ca), false, `offset ${at}`);
      }
    }
  }));

test('an altered stream, an added one and a renamed one are told', () =>
  inFolder(async (folder) => {
    const codes = async (file: Uint8Array) => (await verifyFile(file, trusted)).problems.map(({ code }) => code);
    const file = await signed(folder, files['a package (.msi)'], '-add-msi-dse');
    const altered = Uint8Array.from(file);
    altered[Buffer.from(file).indexOf(Buffer.alloc(64, 4))] = 0x55;
    assert.deepEqual(await codes(altered), ['SIGNATURE_BAD_DIGEST']);
    const renamed = Uint8Array.from(file);
    const at = Buffer.from(file).indexOf(Buffer.from('none\0', 'utf16le'));
    renamed[at] = 0x6d;
    assert.deepEqual(await codes(renamed), ['SIGNATURE_BAD_DIGEST']);
  }));

test('what lies behind everything is found, as with a program appended to a package', () =>
  inFolder(async (folder) => {
    const file = await signed(folder, files['a package (.msi)']);
    const codes = async (bytes: Uint8Array) => (await verifyFile(bytes, trusted)).problems.map(({ code }) => code);
    assert.deepEqual(await codes(Buffer.concat([file, Buffer.from('PK\u0003\u0004')])), ['SIGNATURE_APPENDED_DATA']);
    assert.deepEqual(await codes(Buffer.concat([file, Buffer.alloc(512, 1)])), ['SIGNATURE_APPENDED_DATA']);
  }));

test('a signature for another kind of file does not count', () =>
  inFolder(async (folder) => {
    const file = Buffer.from(await signed(folder, files['a package (.msi)']));
    // SpcSipInfo's GUID, once as it is and once of somebody else.
    const guid = file.indexOf(Buffer.from('f1100c0000000000c000000000000046', 'hex'));
    assert.ok(guid > 0);
    file[guid] = 0;
    const { problems } = await verifyFile(file, trusted);
    assert.ok(problems.some(({ code }) => code === 'SIGNATURE_BAD_DIGEST' || code === 'SIGNATURE_BAD_VALUE'));
  }));

test('unsigned is told, and signing is refused with who can', async () => {
  const [msi] = Object.values(files);
  assert.ok(msi);
  const { problems } = await verifyFile(msi, trusted);
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['SIGNATURE_MISSING'],
  );
  await assert.rejects(signFile(msi, signer, { now }), { code: 'FORMAT_UNSUPPORTED', message: /signtool/ });
});
