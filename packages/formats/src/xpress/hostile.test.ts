import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import { decodeXpress, encodeXpress, xpressFormats } from './index.ts';

const plain = Buffer.from(
  Array.from({ length: 400 }, (_, index) => `<ID>${index * 7919}</ID>${'=long run='.repeat(index % 9)}`).join('\n'),
);

for (const format of xpressFormats) {
  const packed = encodeXpress(plain, format);

  test(`every truncation of ${format} data is refused, or is the beginning where the format cannot tell`, () => {
    for (let length = 1; length < packed.length; length++) {
      const cut = packed.subarray(0, length);
      try {
        const begun = decodeXpress(cut, { maxBytes: 2 ** 20 }, format);
        if (format === 'lz77') assert.equal(Buffer.compare(plain.subarray(0, begun.length), begun), 0);
        else if (format === 'wusp') assert.ok(begun.length < plain.length);
      } catch (error) {
        assert.ok(error instanceof FormatError && error.offset <= length, String(error));
      }
    }
  });

  test(`no truncation of ${format} data passes for the whole, unless only the mark of the end is gone`, () => {
    const limits = { maxBytes: 2 ** 20, sizeBytes: plain.length };
    for (let length = 1; length < packed.length - 8; length++) {
      refuses(() => decodeXpress(packed.subarray(0, length), limits, format), length);
    }
  });

  test(`${format} data with any bytes changed unpacks within its limit or is refused, never anything else`, () => {
    const change = fc.tuple(fc.nat({ max: packed.length - 1 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), (changes) => {
        const mutant = new Uint8Array(packed);
        for (const [at, value] of changes) mutant[at] = value;
        try {
          assert.ok(decodeXpress(mutant, { maxBytes: 100_000 }, format).length <= 100_000);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  test(`any bytes at all given as ${format} unpack or are refused`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          assert.ok(decodeXpress(bytes, { maxBytes: 10_000 }, format).length <= 10_000);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
}

test('a few bytes that claim four gigabytes are refused without taking them', () => {
  // A literal, and a match of 2^32 - 1 bytes.
  const claim = Buffer.from('ffffff7f' + '61' + '0700' + '0f' + 'ff' + '0000' + 'ffffffff', 'hex');
  const one = Buffer.from('ffffffff', 'hex');
  refuses(() => decodeXpress(claim, { maxBytes: 2 ** 30 }, 'lz77'), claim.length);
  refuses(() => decodeXpress(Buffer.concat([one, claim]), { maxBytes: 2 ** 30 }, 'lz77'), claim.length + 4);
});

function refuses(work: () => unknown, length: number): void {
  assert.throws(work, (error) => error instanceof FormatError && error.offset >= 0 && error.offset <= length);
}
