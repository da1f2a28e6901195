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

it('what could not be written is written later, with the newest times and all that was said, and is logged once', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  let attempts = 0;
  const written: Batch[] = [];
  const contacts = createContacts(
    {
      async noteContacts(batch) {
        attempts++;
        if (attempts === 2) {
          contacts.note('a', 'reported');
          contacts.note('c');
        }
        if (attempts <= 3) throw new Error('deadlock detected');
        written.push(batch);
      },
    },
    { now: () => new Date(attempts * 1000), log, everyMs: 2, longestWaitMs: 5 },
  );
  contacts.note('a', 'synced');
  contacts.note('b');
  for (let waits = 0; written.length === 0 && waits < 2000; waits++)
    await new Promise((resolve) => setTimeout(resolve, 2));
  await contacts.close();
  const all = new Map(written.flatMap((batch) => [...batch]));
  assert.deepEqual([...all.keys()].sort(), ['a', 'b', 'c']);
  assert.deepEqual(all.get('a'), { at: new Date(2000), synced: true, reported: true });
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['contacts cannot be written; they wait in memory', 'contacts are written again'],
  );
});

it('at the end it is tried a few times, and then said how many are lost', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  let attempts = 0;
  const failing = {
    async noteContacts() {
      attempts++;
      throw new Error('away');
    },
  };
  const contacts = createContacts(failing, { now: () => new Date(0), log, everyMs: 1000, maxWaiting: 2 });
  for (const id of ['a', 'b', 'c', 'a']) contacts.note(id);
  await contacts.close();
  assert.equal(attempts, 3);
  assert.deepEqual([lines.at(-1)?.msg, lines.at(-1)?.lost], ['contacts were not written before the end', 3]);
});
