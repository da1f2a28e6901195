// Verification travels inside the agent: it has to stay small and bring no library along.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

test('verification bundles into less than 48 KiB, from our own files only', async () => {
  const { metafile, outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./index.ts', import.meta.url))],
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
  });
  const foreign = Object.keys(metafile.inputs).filter((input) => input.includes('node_modules'));
  assert.deepEqual(foreign, []);
  assert.ok((outputFiles[0]?.contents.length ?? 0) < 48 * 1024, `${outputFiles[0]?.contents.length} bytes`);
});
