import assert from 'node:assert/strict';
import { it } from 'node:test';
import pino from 'pino';
import { createContacts } from './contacts.ts';

const silent = pino({ level: 'silent' });
type Batch = ReadonlyMap<string, { synced: boolean; reported: boolean }>;

it('many contacts of a computer are one write, and nothing is lost at the end', async () => {
  const batches: Batch[] = [];
  const contacts = createContacts(
    { noteContacts: async (batch) => void batches.push(batch) },
    { now: () => new Date(0), log: silent, everyMs: 10 },
  );
  for (let count = 0; count < 100; count++) contacts.note('a', count === 50 ? 'synced' : undefined);
  contacts.note('b', 'reported');
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(batches.length, 1);
  assert.deepEqual(batches[0]?.get('a'), { at: new Date(0), synced: true, reported: false });
  assert.deepEqual(batches[0]?.get('b'), { at: new Date(0), synced: false, reported: true });
  contacts.note('c');
  await contacts.close();
  assert.ok(batches.at(-1)?.has('c'));
});

it('a store that fails is no reason to stop', async () => {
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => errors.push(line) });
  let fails = true;
  const written: Batch[] = [];
  const contacts = createContacts(
    {
      async noteContacts(batch) {
        if (fails) throw new Error('the disk is full');
        written.push(batch);
      },
    },
    { now: () => new Date(0), log, everyMs: 5 },
  );
  contacts.note('a');
  await new Promise((resolve) => setTimeout(resolve, 40));
  fails = false;
  contacts.note('b');
  await contacts.close();
  assert.equal(errors.length, 1);
  assert.ok(written.some((batch) => batch.has('b')));
});
