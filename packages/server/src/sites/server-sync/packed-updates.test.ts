// Packed documents while many servers ask for them, and while a backup is restored.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPackedUpdates } from './packed-updates.ts';

/** Documents of which each is read when the test says so. */
function documents(text: string) {
  const reads: (() => void)[] = [];
  const store = {
    loadDocuments: async ([id = 0]: readonly number[]) => {
      await new Promise<void>((resolve) => reads.push(resolve));
      return new Map([[id, `${text} ${reads.length}`]]);
    },
    loadFilesOf: async () => [],
  };
  return { reads, store };
}

test('a document above the budget is packed once for all that ask meanwhile', async () => {
  const { reads, store } = documents('x'.repeat(100_000));
  const packed = createPackedUpdates(store, { budgetBytes: 1 });
  const asked = Array.from({ length: 100 }, () => packed.load(1));
  await setImmediatePassed();
  for (const read of reads) read();
  const [first, ...others] = await Promise.all(asked);
  assert.equal(reads.length, 1);
  assert.ok(first?.compressed && others.every((one) => one === first));
  const later = packed.load(1);
  await setImmediatePassed();
  reads[1]?.();
  await later;
  assert.equal(reads.length, 2, 'nothing is kept above the budget');
});

test('a document that was read before a restore is not kept after it', async () => {
  const { reads, store } = documents('<Update/>');
  const packed = createPackedUpdates(store, { budgetBytes: 1_000_000 });
  const before = packed.load(1);
  await setImmediatePassed();
  packed.forget();
  reads[0]?.();
  assert.equal((await before)?.xml, '<Update/> 1');
  const after = packed.load(1);
  await setImmediatePassed();
  reads[1]?.();
  assert.equal((await after)?.xml, '<Update/> 2');
  assert.equal((await packed.load(1))?.xml, '<Update/> 2');
  assert.equal(reads.length, 2);
});

test('a failure is told to all that asked, and the next one is tried again', async () => {
  let fails = true;
  const store = {
    loadDocuments: async () => {
      if (fails) throw new Error('the database is away');
      return new Map([[1, '<Update/>']]);
    },
    loadFilesOf: async () => [],
  };
  const packed = createPackedUpdates(store, { budgetBytes: 1000 });
  await Promise.all([1, 1].map((id) => assert.rejects(packed.load(id), /away/)));
  fails = false;
  assert.equal((await packed.load(1))?.xml, '<Update/>');
});

function setImmediatePassed(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
