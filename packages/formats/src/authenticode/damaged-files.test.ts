// Signatures in the wrong place, and every kind of damage: never a crash, never trust.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCabinet } from '../cab/index.ts';
import { FormatError } from '../errors.ts';
import { signFile, verifyFile } from './index.ts';
import { openSignedFile } from './open-signed-file.ts';
import { buildCatalog } from './test/catalog-lab.ts';
import { codeSigning, issue } from './test/certificate-lab.ts';
import { buildProgram } from './test/program-lab.ts';

const now = new Date('2026-11-22T12:00:00Z');
const modified = new Date('2024-01-01T00:00:00Z');
const cabinet = createCabinet([{ name: 'a.txt', bytes: new TextEncoder().encode('hello '.repeat(20)), modified }]);
const otherCabinet = createCabinet([{ name: 'b.txt', bytes: new TextEncoder().encode('world '.repeat(20)), modified }]);
const ca = await issue({ commonName: 'CA', isAuthority: true });
const purposes = [codeSigning];
const good = await issue({ commonName: 'Signer', purposes }, ca);

test('a signature moved here from another file is told', async () => {
  const signedOther = await signFile(otherCabinet, good, { now });
  const [moved] = openSignedFile(signedOther).signatures;
  assert.ok(moved);
  for (const file of [cabinet, buildProgram({ plus: true, tail: 0 })]) {
    const target = openSignedFile(file);
    assert.ok('prepare' in target && target.kind !== 'catalog');
    const report = await verifyFile(target.prepare().withSignature(moved), {
      trustedCertificatesPem: [ca.certificatePem],
    });
    assert.deepEqual(
      report.problems.map(({ code }) => code),
      ['SIGNATURE_BAD_DIGEST'],
    );
    assert.equal(report.digestMatches, false);
  }
});

test('bytes behind the signature, and in its padding, are told', async () => {
  const signed = await signFile(cabinet, good, { now });
  const trusted = { trustedCertificatesPem: [ca.certificatePem] };
  const longer = new Uint8Array(Buffer.concat([signed, Buffer.from('tail')]));
  assert.deepEqual(
    (await verifyFile(longer, trusted)).problems.map(({ code }) => code),
    ['SIGNATURE_APPENDED_DATA'],
  );
  const sizeAt = 48;
  const padded = new Uint8Array(Buffer.concat([signed, Buffer.from('hidden in padding')]));
  const view = new DataView(padded.buffer);
  view.setUint32(sizeAt, view.getUint32(sizeAt, true) + 17, true);
  assert.deepEqual(
    (await verifyFile(padded, trusted)).problems.map(({ code }) => code),
    ['SIGNATURE_APPENDED_DATA'],
  );
});

test('a signature over the limit is not read', async () => {
  const signed = await signFile(cabinet, good, { now });
  const report = await verifyFile(signed, { trustedCertificatesPem: [ca.certificatePem], maxSignatureBytes: 100 });
  assert.deepEqual(
    report.problems.map(({ code }) => code),
    ['SIGNATURE_MALFORMED'],
  );
  assert.equal(report.signed, true);
});

test('a key that is not the certificate’s signs nothing', async () => {
  const mixed = { ...good, privateKeyPem: ca.privateKeyPem };
  await assert.rejects(signFile(cabinet, mixed, { now }), {
    code: 'FORMAT_BAD_DATA',
    message: /not the one of CN=Signer/,
  });
  await assert.rejects(signFile(cabinet, { ...good, privateKeyPem: 'nonsense' }, { now }), { code: 'FORMAT_BAD_DATA' });
  await assert.rejects(signFile(cabinet, { ...good, certificatePem: 'nonsense' }, { now }), {
    code: 'FORMAT_BAD_HEADER',
  });
});

const samples = {
  cabinet: await signFile(cabinet, good, { now }),
  program: await signFile(buildProgram({ plus: true, tail: 5 }), good, { now }),
  catalog: await signFile(buildCatalog(4), good, { now }),
};

for (const [what, signed] of Object.entries(samples)) {
  const trusted = { trustedCertificatesPem: [ca.certificatePem], now };
  const judge = async (bytes: Uint8Array) => {
    try {
      return (await verifyFile(bytes, trusted)).trusted;
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error instanceof Error ? error.stack : error));
      return false;
    }
  };

  test(`no truncation of a signed ${what} is trusted, and none crashes`, async () => {
    assert.equal(await judge(signed), true);
    // The last octets are zeros of alignment: without them nothing is lost, except for who counts.
    for (let length = 0; length < signed.length; length++) {
      const isWhole = what === 'catalog' && length >= signed.length;
      assert.equal(await judge(signed.subarray(0, length)), isWhole, `${length} of ${signed.length} bytes`);
    }
  });

  test(`no altered ${what} is trusted, except where its format protects nothing`, async () => {
    const change = fc.record({
      at: fc.nat(signed.length - 1),
      with: fc.uint8Array({ minLength: 1, maxLength: 6 }),
      how: fc.constantFrom('overwrite', 'insert', 'remove'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const altered = changes.reduce(apply, signed);
        if (Buffer.compare(altered, signed) === 0) return;
        if (await judge(altered)) assert.ok(differsOnlyWhereFree(what, altered, signed), JSON.stringify(changes));
      }),
      { numRuns: 1500 },
    );
  });
}

interface Change {
  at: number;
  with: Uint8Array;
  how: string;
}

function apply(bytes: Uint8Array, change: Change): Uint8Array {
  const head = bytes.subarray(0, change.at);
  const tail = bytes.subarray(change.at + (change.how === 'insert' ? 0 : change.with.length));
  return new Uint8Array(Buffer.concat([head, change.how === 'remove' ? Buffer.alloc(0) : change.with, tail]));
}

/** Free are: a cabinet's number in its set, a program's checksum, and version numbers and the like inside the message. */
function differsOnlyWhereFree(what: string, altered: Uint8Array, signed: Uint8Array): boolean {
  if (altered.length !== signed.length) return false;
  const [signature] = openSignedFile(signed).signatures;
  const messageAt = signature ? signature.byteOffset - signed.byteOffset : 0;
  const free = (at: number) =>
    (what === 'cabinet' && (at === 34 || at === 35)) || (what === 'program' && at >= 0xd8 && at < 0xdc);
  return signed.every((octet, at) => octet === altered[at] || at >= messageAt || free(at));
}
