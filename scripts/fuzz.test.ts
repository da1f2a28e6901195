import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRandom, mutate } from './fuzz/mutate.ts';
import { targets } from './fuzz/targets.ts';

test('a short run over every decoder, the kept corpus first, finds nothing', () => {
  const script = fileURLToPath(new URL('fuzz.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--seconds', '8'], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  for (const target of Object.keys(targets)) assert.match(stdout, new RegExp(`^${target} +[1-9]`, 'm'));
});

test('the same seed makes the same mutations, which differ from their parent', () => {
  const parent = Uint8Array.from({ length: 100 }, (_, index) => index);
  const series = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 200 }, () => Buffer.from(mutate(parent, parent, random, 150)).toString('hex'));
  };
  assert.deepEqual(series(1), series(1));
  assert.notDeepEqual(series(1), series(2));
  assert.ok(series(1).every((hex) => hex.length <= 300));
  assert.ok(new Set(series(1)).size > 150);
});
