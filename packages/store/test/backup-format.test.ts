// The form of the rows in a backup.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { encodeRows } from '../src/backup/format.ts';

it('rows of a backup are packed in large pieces, and none is lost between two', async () => {
  async function* batches() {
    for (let batch = 0; batch < 40; batch++) {
      yield Array.from({ length: 500 }, (_, number) => ({ batch, number, text: 'x'.repeat(number % 80) }));
    }
  }
  const pieces: string[] = [];
  for await (const piece of encodeRows(batches())) pieces.push(piece);
  const text = pieces.join('');
  assert.ok(pieces.slice(0, -1).every(({ length }) => length >= 65_536));
  assert.ok(pieces.length <= text.length / 65_536 + 1);
  const rows = text.trimEnd().split('\n');
  assert.deepEqual([rows.length, JSON.parse(rows[777] ?? '').number], [20_000, 277]);
});
