import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openFileSource } from './file-source.ts';

test('files read in turns, as the parts of a set are, give their own bytes though only one has a window', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-source-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const contents = [1, 2, 3].map((seed) => Buffer.alloc(1_200_000, Uint8Array.of(seed, 7, seed * 5, 11, seed, 13, 17)));
  const sources = contents.map((bytes, index) => {
    writeFileSync(join(folder, `${index}`), bytes);
    return openFileSource(join(folder, `${index}`));
  });
  for (const offset of [0, 5, 1_048_570, 1_199_990, 3, 1_200_000, 2_000_000]) {
    for (const [index, source] of sources.entries()) {
      const wanted = contents[index]?.subarray(offset, offset + 100) ?? Buffer.of();
      assert.equal(Buffer.compare(source.read(offset, 100), wanted), 0, `file ${index} at ${offset}`);
    }
  }
  for (const source of sources) source.close();
});
