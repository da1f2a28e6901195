import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileCodec } from './build-codec.ts';

test('the WebAssembly in the repository is what its sources give', async () => {
  const kept = fileURLToPath(new URL('../packages/formats/src/codec/module.ts', import.meta.url));
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  assert.equal(readFileSync(kept, 'utf8'), await compileCodec(), 'run node scripts/build-codec.ts');
});
