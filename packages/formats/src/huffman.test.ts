import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildCodeLengths, canonicalCodes, fillDecodingTable } from './huffman.ts';

test('codes of any counts are complete, within the limit, and no code begins another', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 50 }), fc.nat({ max: 2 ** 31 })), {
        minLength: 2,
        maxLength: 600,
      }),
      fc.constantFrom(10, 15, 16),
      (counts, maxBits) => {
        const lengths = buildCodeLengths(Uint32Array.from(counts), maxBits);
        const used = lengths.filter((length) => length > 0);
        assert.deepEqual(
          [...lengths].map((length) => length > 0),
          counts.map((count) => count > 0),
        );
        if (used.length < 2) return;
        const filled = used.reduce((sum, length) => sum + 2 ** (maxBits - length), 0);
        assert.equal(filled, 2 ** maxBits);
        const codes = canonicalCodes(lengths);
        const table = new Uint16Array(1 << 15);
        if (maxBits !== 15) return;
        assert.ok(fillDecodingTable(lengths, 15, table));
        for (const [symbol, length] of lengths.entries()) {
          if (length > 0) assert.equal(table[(codes[symbol] ?? 0) << (15 - length)], (symbol << 4) | length);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('counts that grow like rabbits stay within 15 bits', () => {
  const counts = [1, 1];
  while (counts.length < 40) counts.push((counts.at(-1) ?? 0) + (counts.at(-2) ?? 0));
  const lengths = buildCodeLengths(Uint32Array.from(counts), 15);
  assert.ok(Math.max(...lengths) <= 15);
  assert.ok((lengths[39] ?? 0) <= 2);
});

test('of equal counts the earlier symbol gets the longer code, so that everybody builds the same', () => {
  assert.deepEqual([...buildCodeLengths(Uint32Array.of(1, 1, 1), 15)], [2, 2, 1]);
});

test('lengths that are no code make no table', () => {
  const table = new Uint16Array(1 << 15);
  assert.equal(fillDecodingTable(Uint8Array.of(1, 1, 1), 15, table), false);
  assert.equal(fillDecodingTable(Uint8Array.of(1, 2), 15, table), false);
});
