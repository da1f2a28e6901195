// Our inflate against zlib's: what one takes the other takes, and what comes out is the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { machineCode, noise, prose } from '../cab/test/cabinet-lab.ts';
import { FormatError } from '../errors.ts';
import { encodeMszipBlock, MszipDecoder } from './index.ts';

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED } = constants;
const strategies = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];
const kinds: Record<string, Uint8Array> = {
  prose: prose(32_768),
  noise: noise(32_768),
  code: machineCode(32_768),
  zeros: new Uint8Array(32_768),
  ramp: Uint8Array.from({ length: 32_768 }, (_, index) => (index * index) >> 7),
  nothing: new Uint8Array(),
};

for (const [kind, plain] of Object.entries(kinds)) {
  test(`${kind} unpacks, at every level and strategy of zlib, at any length`, () => {
    for (const strategy of strategies) {
      for (const level of [0, 1, 6, 9]) {
        for (const length of [0, 1, 2, 257, 258, 259, 5000, plain.length]) {
          const part = plain.subarray(0, length);
          const packed = withSignature(deflateRawSync(part, { strategy, level, memLevel: 1 + (length % 9) }));
          assert.equal(
            Buffer.compare(new MszipDecoder().decode(packed, part.length), part),
            0,
            `${strategy} ${level} ${length}`,
          );
        }
      }
    }
  });
}

test('blocks refer back to the 32 KB before them, also across short blocks', () => {
  const plain = Buffer.concat([prose(100_000), machineCode(40_000), prose(30_000, 2)]);
  const sizes = [32_768, 32_768, 100, 1, 20_000, 32_768, 5, 32_768, 18_822];
  const decoder = new MszipDecoder();
  let at = 0;
  for (const size of sizes) {
    const block = plain.subarray(at, at + size);
    const packed = encodeMszipBlock(block, plain.subarray(Math.max(0, at - 32_768), at));
    assert.equal(Buffer.compare(decoder.decode(packed, size), block), 0, `at ${at}`);
    at += size;
  }
  assert.equal(at, plain.length);
});

test('two folders unpack in turns', () => {
  const texts = [prose(65_536, 3), prose(65_536, 4)];
  const decoders = texts.map(() => new MszipDecoder());
  for (const from of [0, 32_768]) {
    for (const [index, text] of texts.entries()) {
      const block = text.subarray(from, from + 32_768);
      const packed = encodeMszipBlock(block, from === 0 ? undefined : text.subarray(0, from));
      assert.equal(Buffer.compare(decoders[index]?.decode(packed, 32_768) ?? Buffer.of(), block), 0);
    }
  }
});

test('what zlib takes of damaged data we take alike, and what it refuses we refuse', () => {
  const history = prose(3000, 8);
  const goods = [prose(2000), machineCode(1500), noise(200), Buffer.alloc(3000, 'abc')].flatMap((plain) =>
    strategies.map((strategy) => deflateRawSync(plain, { strategy, dictionary: history })),
  );
  const damage = fc.record({
    good: fc.constantFrom(...goods),
    changes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 255 })), { maxLength: 4 }),
    cut: fc.nat({ max: 3000 }),
  });
  let taken = 0;
  fc.assert(
    fc.property(damage, ({ good, changes, cut }) => {
      const packed = new Uint8Array(good.subarray(0, Math.max(1, cut)));
      for (const [place, value] of changes) packed[Math.floor(place * (packed.length - 1))] = value;
      const theirs = inflateOrNothing(packed, history);
      if (theirs) taken++;
      const sizeBytes = theirs?.length ?? 32_768;
      const decoder = new MszipDecoder();
      decoder.decode(withSignature(deflateRawSync(history)), history.length);
      if (theirs) assert.equal(Buffer.compare(decoder.decode(withSignature(packed), sizeBytes), theirs), 0);
      else assert.throws(() => decoder.decode(withSignature(packed), sizeBytes), FormatError);
    }),
    { numRuns: 3000 },
  );
  assert.ok(taken > 100, `${taken} of the damaged streams still unpacked`);
});

test('a block of the wrong size is refused, whichever way it is wrong', () => {
  const packed = encodeMszipBlock(prose(1000), undefined);
  for (const size of [0, 999, 1001, 32_768, 32_769]) {
    assert.throws(() => new MszipDecoder().decode(packed, size), { name: 'FormatError' });
  }
  assert.throws(() => new MszipDecoder().decode(packed.subarray(1), 1000), { code: 'FORMAT_BAD_DATA' });
});

function withSignature(deflated: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('CK'), deflated]);
}

function inflateOrNothing(packed: Uint8Array, dictionary: Uint8Array): Uint8Array | undefined {
  try {
    return inflateRawSync(packed, { dictionary, maxOutputLength: 32_768 });
  } catch {
    return undefined;
  }
}
