// Programs (PE) against osslsigncode, both ways, and the places that no digest covers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FormatError } from '../errors.ts';
import { signFile, verifyFile } from './index.ts';
import { buildProgram, signatureDirectory } from './test/program-lab.ts';
import { inFolder, operator, osslsigncode, osslVerifies, writeIdentity } from './test/signing-lab.ts';

const now = new Date();
const { ca, signer } = await operator(now);
const trusted = { trustedCertificatesPem: [ca.certificatePem] };
const programs = {
  'a 32-bit program': buildProgram({ plus: false, tail: 0 }),
  'a 64-bit program': buildProgram({ plus: true, tail: 0 }),
  'a program of odd length': buildProgram({ plus: true, tail: 13 }),
};

for (const [what, program] of Object.entries(programs)) {
  test(`osslsigncode accepts our signature on ${what}`, () =>
    inFolder(async (folder) => {
      const signed = await signFile(program, signer, { now });
      assert.ok(osslVerifies(folder, signed, ca));
      const report = await verifyFile(signed, trusted);
      assert.deepEqual(report.problems, []);
      assert.equal(report.kind, 'portable-executable');
      assert.deepEqual(
        report.notes.map(({ code }) => code),
        ['SIGNATURE_NOTE_CLAIMED_TIME'],
      );
      assert.deepEqual(await signFile(signed, signer, { now }), signed);
    }));

  for (const pageHashes of [[], ['-ph']]) {
    test(`we accept osslsigncode’s signature on ${what}${pageHashes.length > 0 ? ' with page hashes' : ''}`, () =>
      inFolder(async (folder) => {
        writeFileSync(join(folder, 'plain.exe'), program);
        await osslsigncode(folder, [
          'sign',
          ...writeIdentity(folder, signer),
          '-h',
          'sha256',
          ...pageHashes,
          '-in',
          'plain.exe',
          '-out',
          'signed.exe',
        ]);
        const report = await verifyFile(readFileSync(join(folder, 'signed.exe')), trusted);
        assert.deepEqual(report.problems, []);
        assert.deepEqual(
          report.notes.map(({ code }) => code),
          ['SIGNATURE_NOTE_CLAIMED_TIME'],
        );
      }));
  }
}

test('a byte of the headers is protected here exactly where it is protected there', () =>
  inFolder(async (folder) => {
    const signed = await signFile(programs['a 64-bit program'], signer, { now });
    const directoryAt = signatureDirectory(signed);
    const checksumAt = 0x80 + 24 + 64;
    for (let at = 0; at < 0x200; at += 5) {
      const altered = flipped(signed, at);
      const report = await verifyFile(altered, trusted).catch((error) => void assert.ok(error instanceof FormatError));
      const isChecksum = at >= checksumAt && at < checksumAt + 4;
      const isDirectory = at >= directoryAt && at < directoryAt + 8;
      assert.equal(report?.trusted ?? false, isChecksum, `offset ${at}`);
      if (isChecksum) assert.ok(report?.notes.some(({ code }) => code === 'SIGNATURE_NOTE_CHECKSUM'));
      else if (!isDirectory) assert.equal(osslVerifies(folder, altered, ca), false, `offset ${at}`);
    }
  }));

test('what hides where no digest looks is found', async () => {
  const signed = await signFile(programs['a 64-bit program'], signer, { now });
  const codes = async (bytes: Uint8Array) => (await verifyFile(bytes, trusted)).problems.map(({ code }) => code);
  assert.deepEqual(await codes(joined(signed, new Uint8Array(8))), ['SIGNATURE_APPENDED_DATA'], 'behind the table');
  const hidden = new TextEncoder().encode('hidden payload!!');
  assert.deepEqual(await codes(growTable(signed, hidden, true)), ['SIGNATURE_APPENDED_DATA'], 'inside the entry');
  assert.deepEqual(await codes(growTable(signed, hidden, false)), ['SIGNATURE_APPENDED_DATA'], 'after the entry');
  const foreign = Uint8Array.from([16, 0, 0, 0, 0, 2, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(
    await codes(growTable(signed, foreign, false)),
    ['SIGNATURE_BAD_LAYOUT'],
    'an entry of another kind',
  );
});

test('a second message in the table is judged, too', async () => {
  const stranger = await operator(now);
  const program = programs['a 64-bit program'];
  const ours = await signFile(program, signer, { now });
  const theirs = await signFile(program, stranger.signer, { now });
  const both = growTable(ours, theirs.subarray(program.length), false);
  const report = await verifyFile(both, trusted);
  assert.deepEqual(report.problems, []);
  assert.deepEqual(
    report.signers.map((each) => each.trusted),
    [true, false],
  );
  const otherProgram = await signFile(buildProgram({ plus: true, tail: 8 }), stranger.signer, { now });
  const mixed = await verifyFile(growTable(ours, otherProgram.subarray(program.length + 8), false), trusted);
  assert.deepEqual(mixed.problems.map(({ code }) => code).sort(), [
    'SIGNATURE_BAD_DIGEST',
    'SIGNATURE_UNTRUSTED_CHAIN',
  ]);
});

test('a section that reaches into the signature is found', async () => {
  const program = buildProgram({ plus: true, tail: 0 });
  const sectionSizeAt = 0x80 + 24 + 240 + 16;
  new DataView(program.buffer).setUint32(sectionSizeAt, 0x400, true);
  const report = await verifyFile(await signFile(program, signer, { now }), trusted);
  assert.deepEqual(
    report.problems.map(({ code }) => code),
    ['SIGNATURE_BAD_LAYOUT'],
  );
});

test('programs that are no PE files are refused by name', async () => {
  const program = buildProgram({ plus: false, tail: 0 });
  program[0x80] = 0x4e;
  await assert.rejects(verifyFile(program, trusted), { code: 'FORMAT_UNSUPPORTED' });
  await assert.rejects(verifyFile(program.subarray(0, 70), trusted), { code: 'FORMAT_TRUNCATED' });
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const altered = Uint8Array.from(bytes);
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The file with `extra` at the end of its table; `inEntry` makes it part of the first entry. */
function growTable(signed: Uint8Array, extra: Uint8Array, inEntry: boolean): Uint8Array {
  const grown = joined(signed, extra);
  const view = new DataView(grown.buffer);
  const directoryAt = signatureDirectory(grown);
  const tableAt = view.getUint32(directoryAt, true);
  view.setUint32(directoryAt + 4, grown.length - tableAt, true);
  if (inEntry) view.setUint32(tableAt, grown.length - tableAt, true);
  return grown;
}
