import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Store } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { findUpdate } from './find.ts';
import { findUpdateOrRule } from './find-rule.ts';
import { author, createAdministration, documentOf, idOf } from './test/administration.ts';

async function withDocuments(...documents: string[]) {
  const administration = await createAdministration();
  await importDocuments(administration.store, documents, author.at);
  return administration;
}

const idBy = async (store: Store, text: string) => (await findUpdate(store, text)).updateId;

it('a part of a bundle is found by its title and its KB number, and an update is preferred to a part', async () => {
  const kb = (article: string) => ({ properties: `<upd:KBArticleID>${article}</upd:KBArticleID>` });
  await using administration = await withDocuments(
    documentOf(idOf(0), 'Engine for Tool', { attributes: '', ...kb('7000024') }),
    documentOf(idOf(1), 'Tool', { bundles: [idOf(0)], ...kb('7000025') }),
    documentOf(idOf(2), 'Patch', { attributes: '', ...kb('7000026') }),
    documentOf(idOf(3), 'Patch', { bundles: [idOf(2)], ...kb('7000026') }),
  );
  const { store } = administration;
  for (const text of ['Engine for Tool', 'engine', 'KB7000024', '7000024'])
    assert.equal(await idBy(store, text), idOf(0));
  for (const text of ['Patch', 'KB7000026', '7000026']) assert.equal(await idBy(store, text), idOf(3));
  await assert.rejects(findUpdate(store, 'KB7000027'), { code: 'SERVER_NOT_FOUND', subject: 'update' });
});

it('a category is found by its title, where every kind may be named', async () => {
  await using administration = await createAdministration([
    'Tool',
    'category: Tools of Acme',
    'category: Tools of Contoso',
  ]);
  const { store } = administration;
  const id = async (text: string) => (await findUpdateOrRule(store, text)).updateId;
  assert.equal(await id('tool'), idOf(0));
  assert.equal(await id('category: tools of acme'), idOf(1));
  assert.equal(await id('Contoso'), idOf(2));
  await assert.rejects(
    id('tools of'),
    /fits several categories and detectoids: category: Tools of Acme \(.*Tools of Contoso \(/,
  );
  await assert.rejects(id('Nothing'), { code: 'SERVER_NOT_FOUND', subject: 'update' });
});
