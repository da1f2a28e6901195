import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import { childrenOf, readDer } from './der.ts';
import { readOctets, readOid, readTime } from './der-values.ts';

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('an element is read where it lies, and what follows is left alone', () => {
  const element = readDer(bytes('30 06 02 01 05 04 01 aa ff ff'), 100);
  assert.equal(element.bytes.length, 8);
  assert.deepEqual(
    childrenOf(element).map(({ tag, offset }) => [tag, offset]),
    [
      [2, 102],
      [4, 105],
    ],
  );
});

test('BER’s open-ended forms are followed, nested ones too', () => {
  const element = readDer(bytes('30 80 24 80 04 01 aa 04 02 bb cc 00 00 02 01 05 00 00 99'));
  const [octets, number] = childrenOf(element);
  assert.ok(octets && number);
  assert.deepEqual(element.bytes.length, 18);
  assert.equal(Buffer.from(octets.content).toString('hex'), '0401aa0402bbcc');
  assert.equal(Buffer.from(readOctets(octets)).toString('hex'), 'aabbcc');
});

for (const [what, hex, code] of [
  ['nothing', '', 'FORMAT_TRUNCATED'],
  ['a length beyond the end', '30 05 02 01 01', 'FORMAT_TRUNCATED'],
  ['a length that is too long for its value', '04 81 01 aa', 'FORMAT_BAD_ASN1'],
  ['a length with a leading zero', '04 82 00 81', 'FORMAT_BAD_ASN1'],
  ['a length of five octets', '04 85 01 00 00 00 00', 'FORMAT_BAD_ASN1'],
  ['a tag number above 30', '1f 81 01 00', 'FORMAT_BAD_ASN1'],
  ['an open-ended primitive', '04 80 00 00', 'FORMAT_BAD_ASN1'],
  ['open ends without end', '30 80 30 80 30 80', 'FORMAT_TRUNCATED'],
  ['open ends nested too deep', '30 80 '.repeat(40), 'FORMAT_BAD_ASN1'],
] as const) {
  test(`${what} is refused as ${code}`, () => {
    assert.throws(() => readDer(bytes(hex)), { code });
  });
}

test('object identifiers and times are read as they are written, or refused', () => {
  assert.equal(readOid(readDer(bytes('06 0a 2b 06 01 04 01 82 37 02 01 04'))), '1.3.6.1.4.1.311.2.1.4');
  assert.equal(readOid(readDer(bytes('06 03 88 37 03'))), '2.999.3');
  assert.throws(() => readOid(readDer(bytes('06 02 2b 86'))), { code: 'FORMAT_BAD_ASN1' });
  assert.throws(() => readOid(readDer(bytes('06 0b 2b ff ff ff ff ff ff ff ff ff 7f'))), { code: 'FORMAT_BAD_ASN1' });
  const time = (tag: string, text: string) =>
    readTime(readDer(bytes(`${tag}${Buffer.from([text.length]).toString('hex')}${Buffer.from(text).toString('hex')}`)));
  assert.equal(time('17', '491231235959Z').toISOString(), '2049-12-31T23:59:59.000Z');
  assert.equal(time('17', '500101000000Z').toISOString(), '1950-01-01T00:00:00.000Z');
  assert.equal(time('18', '20560101000000.25Z').toISOString(), '2056-01-01T00:00:00.250Z');
  for (const wrong of ['260230000000Z', '261301000000Z', '2611220000Z', '261122000000+0100']) {
    assert.throws(() => time('17', wrong), { code: 'FORMAT_BAD_ASN1' }, wrong);
  }
});

test('whatever the bytes, reading all of them ends in elements that fill their parent or in a FormatError', () => {
  const walk = (element: ReturnType<typeof readDer>, depth: number): void => {
    if ((element.tag & 0x20) === 0 || depth > 8) return;
    const children = childrenOf(element);
    assert.equal(
      children.reduce((sum, child) => sum + child.bytes.length, 0),
      element.content.length,
    );
    for (const child of children) walk(child, depth + 1);
  };
  const octet = fc.oneof(
    fc.constantFrom(0x30, 0x31, 0x80, 0x00, 0x04, 0x02, 0xa0, 0x24),
    fc.integer({ min: 0, max: 255 }),
  );
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 64 }), (octets) => {
      try {
        walk(readDer(Uint8Array.from(octets)), 0);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
