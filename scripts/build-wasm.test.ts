import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileModule, wasmModules } from './build-wasm.ts';

for (const module of wasmModules) {
  test(`the WebAssembly in ${module.target} is what its sources give`, async () => {
    const root = fileURLToPath(new URL('..', import.meta.url));
    process.chdir(root);
    assert.equal(readFileSync(module.target, 'utf8'), await compileModule(module), 'run node scripts/build-wasm.ts');
  });
}
