import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import { createXpressDecoder, createXpressEncoder, decodeXpress, encodeXpress, xpressFormats } from './index.ts';

const limits = { maxBytes: 2 ** 24 };
const alphabet = new TextEncoder().encode('abcdefghijklmnopqrstuvwxyz');
const abc = new TextEncoder().encode('abc'.repeat(100));

// MS-XCA 3.1 and 3.2, as published; runs of zeros in the code length tables are written out by place.
const published = [
  { format: 'lz77', plain: alphabet, packed: hex(`3f000000${Buffer.from(alphabet).toString('hex')}`) },
  { format: 'lz77', plain: abc, packed: hex('ffffff1f61626317000fff2601') },
  {
    format: 'lz77-huffman',
    plain: alphabet,
    packed: huffmanExample(
      { 48: '50555555555555555555554544' + '04', 128: '04' },
      'd8523ed794115be9195ff9d67cdf8d0400000000',
    ),
  },
  {
    format: 'lz77-huffman',
    plain: abc,
    packed: huffmanExample({ 48: '3023', 128: '02', 143: '20' }, 'a8dc0000ff2601'),
  },
] as const;

for (const { format, plain, packed } of published) {
  test(`the ${format} example of MS-XCA 3 with ${plain.length} bytes matches to the byte, both ways`, () => {
    assert.deepEqual(Buffer.from(encodeXpress(plain, format)), Buffer.from(packed));
    assert.deepEqual(Buffer.from(decodeXpress(packed, limits, format)), Buffer.from(plain));
    assert.deepEqual(
      Buffer.from(decodeXpress(packed, { ...limits, sizeBytes: plain.length }, format)),
      Buffer.from(plain),
    );
  });
}

/** Bytes with repeats near and far, short and very long. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat({ max: 9000 })),
    ),
    { maxLength: 12 },
  )
  .map((parts) =>
    Buffer.concat(
      parts.map((part) => (part instanceof Uint8Array ? part : Buffer.concat(Array(part[1]).fill(part[0])))),
    ),
  );

for (const format of xpressFormats) {
  test(`${format} gives back whatever it packed`, () => {
    fc.assert(
      fc.property(compressible, (plain) => {
        const packed = encodeXpress(plain, format);
        assert.equal(Buffer.compare(decodeXpress(packed, { maxBytes: plain.length }, format), plain), 0);
        if (format !== 'wusp') {
          const exact = { maxBytes: plain.length, sizeBytes: plain.length };
          assert.equal(Buffer.compare(decodeXpress(packed, exact, format), plain), 0);
        }
      }),
      { numRuns: 150 },
    );
  });

  test(`${format} keeps sizes around the block borders`, () => {
    for (const length of [0, 1, 2, 3, 65534, 65535, 65536, 65537, 131070, 131071, 131072, 131073, 200_000]) {
      for (const plain of [Buffer.alloc(length), noise(length)]) {
        const packed = encodeXpress(plain, format);
        assert.equal(Buffer.compare(decodeXpress(packed, limits, format), plain), 0, `${length} bytes`);
      }
    }
  });

  test(`${format} streams what it packs and unpacks, however the body is cut`, async () => {
    const plain = Buffer.concat([noise(70_000), Buffer.alloc(150_000, 'stage and players '), noise(10)]);
    for (const cut of [1, 7, 1000, 300_000]) {
      const cutUp = (bytes: Uint8Array) => Readable.from(pieces(bytes, bytes.length > 40_000 && cut < 7 ? 97 : cut));
      const packed = await buffer(cutUp(plain).pipe(createXpressEncoder(format)));
      assert.equal(Buffer.compare(decodeXpress(packed, limits, format), plain), 0);
      const back = await buffer(cutUp(packed).pipe(createXpressDecoder(limits, format)));
      assert.equal(Buffer.compare(back, plain), 0);
    }
  });

  test(`${format} refuses to unpack more than the limit`, () => {
    const packed = encodeXpress(Buffer.alloc(100_000, 'x'), format);
    assert.throws(
      () => decodeXpress(packed, { maxBytes: 99_999 }, format),
      (error) => error instanceof FormatError && error.code === 'FORMAT_OVER_LIMIT',
    );
  });
}

test('a wusp block that does not shrink is stored, and no size is above 65535', () => {
  const packed = Buffer.from(encodeXpress(noise(70_000)));
  assert.equal(packed.readUInt32LE(0), 65535);
  assert.equal(packed.readUInt32LE(4), 65535);
  assert.equal(packed.readUInt32LE(8 + 65535), 70_000 - 65535);
  assert.equal(packed.length, 70_000 + 16);
});

test('a wusp block that claims more than 65535 bytes is refused', () => {
  const claim = Buffer.alloc(16);
  claim.writeUInt32LE(65536, 0);
  claim.writeUInt32LE(4, 4);
  assert.throws(
    () => decodeXpress(claim, limits),
    (error) => error instanceof FormatError && error.code === 'FORMAT_BAD_DATA' && error.offset === 0,
  );
});

test('a stream that stops in the middle of a block says so', async () => {
  const packed = encodeXpress(noise(70_000)).subarray(0, 66_000);
  await assert.rejects(
    buffer(Readable.from(pieces(packed, 5000)).pipe(createXpressDecoder(limits))),
    (error) => error instanceof FormatError && error.code === 'FORMAT_TRUNCATED' && error.offset === 65543,
  );
});

test('a block of matches that all have one symbol still has a full code', () => {
  // The second block is two matches, each longer than 17 and from 32,768 or more back.
  const first = noise(65536);
  const plain = Buffer.alloc(131_072 + 10, 7);
  plain.set(first);
  plain.copy(plain, 65_536, 10_000, 40_000);
  for (let at = 95_536; at < 131_072; at++) plain[at] = plain[at - 50_536] as number;
  const packed = encodeXpress(plain, 'lz77-huffman');
  assert.ok(packed.length < 67_000);
  assert.equal(Buffer.compare(decodeXpress(packed, limits, 'lz77-huffman'), plain), 0);
});

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

function huffmanExample(lengths: Record<number, string>, data: string): Uint8Array {
  const table = Buffer.alloc(256);
  for (const [place, text] of Object.entries(lengths)) table.set(hex(text), Number(place));
  return Uint8Array.from(Buffer.concat([table, hex(data)]));
}

/** Incompressible, and the same every time. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 0x12345678;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function* pieces(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
