import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';

it('this Node knows what limits the growth of the heap, and garbage goes when it is told to', () => {
  const program = `
    const heap = await import(${JSON.stringify(new URL('heap.ts', import.meta.url))});
    const { collectGarbage, limitHeapGrowth, whileYoungStaysSmall } = heap;
    limitHeapGrowth();
    await whileYoungStaysSmall(async () => undefined);
    let garbage = Array.from({ length: 1_000_000 }, (_, number) => ({ number }));
    const before = process.memoryUsage().heapUsed;
    garbage = undefined;
    collectGarbage();
    console.log(before - process.memoryUsage().heapUsed > 10_000_000);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  // Of a flag that it does not know V8 says so there, and goes on.
  assert.deepEqual([stdout, stderr], ['true\n', '']);
});
