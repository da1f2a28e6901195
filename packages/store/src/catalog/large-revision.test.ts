// What packs badly is no text of an update: it is refused before it is whole in memory.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { CatalogError } from '@moult/catalog';
import { readLargeRevision } from './large-revision.ts';

const update = 'http://schemas.microsoft.com/msus/2002/12/Update';
const start = `<u:Update xmlns:u="${update}"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" RevisionNumber="1"/><u:Properties UpdateType="Software"/><u:ApplicabilityRules><u:IsInstalled>`;
const end = '</u:IsInstalled></u:ApplicabilityRules></u:Update>';

/** `count` elements that have nothing in common. */
function* unlike(count: number, read: { elements: number }): Generator<string> {
  yield start;
  for (let at = 0; at < count; at++) {
    read.elements = at;
    yield `<a b="${createHash('sha512').update(String(at)).digest('base64')}"/>`;
  }
  yield end;
}

it('a large document that packs badly is refused before its end', async () => {
  const read = { elements: 0 };
  await assert.rejects(
    readLargeRevision(unlike(20_000, read), { maxPackedBytes: 65_536 }),
    (error) =>
      error instanceof CatalogError && error.code === 'CATALOG_OVER_LIMIT' && /when packed/.test(error.message),
  );
  assert.ok(read.elements < 19_000, String(read.elements));
});

it('the same document is read where more is allowed', async () => {
  const { packed } = await readLargeRevision(unlike(2000, { elements: 0 }), { maxPackedBytes: 1_048_576 });
  assert.equal(packed.updateId, '00000000-0000-0000-0000-000000000001');
});
