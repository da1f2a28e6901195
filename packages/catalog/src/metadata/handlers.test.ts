import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CatalogError } from '../errors.ts';
import { parseUpdateDocument } from './index.ts';

const category = (displayOrder: string) =>
  parseUpdateDocument(
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" RevisionNumber="1"/>` +
      `<u:Properties UpdateType="Category"/><u:HandlerSpecificData><c:CategoryInformation xmlns:c="http://schemas.microsoft.com/msus/2002/12/UpdateHandlers/Category" CategoryType="Product" DisplayOrder="${displayOrder}"/></u:HandlerSpecificData></u:Update>`,
  ).category;

describe('the order in which a category is shown', () => {
  it('may be any xs:int', () => {
    assert.equal(category('-1')?.displayOrder, -1);
    assert.equal(category('2147483647')?.displayOrder, 2147483647);
  });
  it('is refused when it is no number', () =>
    assert.throws(
      () => category('last'),
      (error) => error instanceof CatalogError && error.code === 'CATALOG_BAD_FIELD',
    ));
});
