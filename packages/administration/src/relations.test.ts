import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CatalogIndex, parseUpdateDocument } from '@moult/catalog';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { relationsOf, showRelations } from './relations.ts';
import { author, createAdministration, documentOf, idOf } from './test/administration.ts';

const superseding = (...ids: string[]) =>
  `<upd:Relationships><upd:SupersededUpdates>${ids
    .map((id) => `<upd:UpdateIdentity UpdateID="${id}" />`)
    .join('')}</upd:SupersededUpdates></upd:Relationships>`;

function indexOf(documents: readonly string[]): CatalogIndex {
  const index = new CatalogIndex();
  documents.forEach((document, at) => void index.add((at + 1) as never, parseUpdateDocument(document)));
  return index;
}

it('follows supersedence over any number of steps, also in a ring, and bundles over one', async () => {
  await using administration = await createAdministration();
  const documents = [
    documentOf(idOf(1), 'Old', { rest: superseding(idOf(9), idOf(3)) }),
    documentOf(idOf(2), 'Middle', { rest: superseding(idOf(1)) }),
    documentOf(idOf(3), 'New', { rest: superseding(idOf(2)) }),
    documentOf(idOf(4), 'Bundle', { bundles: [idOf(2), idOf(5)] }),
    documentOf(idOf(5), 'Part', { attributes: '' }),
  ];
  await importDocuments(administration.store, documents, author.at);
  const found = await showRelations(administration, indexOf(documents), idOf(2));
  const titleOf = new Map(found.updates.map(({ updateId, title }) => [updateId, title]));
  const told = found.relations.map(({ kind, from, to }) => `${titleOf.get(from)} ${kind} ${titleOf.get(to)}`);
  assert.deepEqual(told.sort(), [
    'Bundle bundles Middle',
    'Middle supersedes Old',
    'New supersedes Middle',
    'Old supersedes ',
    'Old supersedes New',
  ]);
  assert.equal(found.updates[0]?.updateId, idOf(2), 'the update itself is the first one');
  assert.deepEqual(found.updates.find(({ updateId }) => updateId === idOf(9))?.isHere, false);
  const part = await showRelations(administration, indexOf(documents), idOf(5));
  assert.deepEqual(part.relations, [{ kind: 'bundles', from: idOf(4), to: idOf(5) }]);
});

it('has a bound: far updates are left out of a long chain, and it says so', () => {
  const chain = Array.from({ length: 500 }, (_, at) =>
    documentOf(idOf(at), `Update ${at}`, { rest: superseding(idOf(at + 1)) }),
  );
  const { ids, relations, isCut } = relationsOf(indexOf(chain), idOf(250) as never, 100);
  assert.deepEqual([ids.length, relations.length, isCut], [100, 99, true]);
  assert.ok(ids.includes(idOf(251) as never) && ids.includes(idOf(249) as never));
  assert.ok(!ids.includes(idOf(400) as never));
});
