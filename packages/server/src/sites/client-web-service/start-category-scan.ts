// StartCategoryScan (MS-WUSP 3.1.5.6): which of the categories asked for a filtered sync may name.

import { toUpdateId, type UpdateId } from '@moult/catalog';
import type { clientWebService } from '@moult/protocol/client-web-service';
import type { RequestOf, ResponseOf } from '@moult/protocol/soap';
import { callBounds } from '../../bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

type Operation = (typeof clientWebService)['operations']['StartCategoryScan'];

export async function startCategoryScan(
  { catalog }: UpdateService,
  { requestedCategories }: RequestOf<Operation>,
): Promise<ResponseOf<Operation>> {
  if (!requestedCategories || requestedCategories.length >= callBounds.maxCategories)
    throw new SoapFault('InvalidParameters', 'requestedCategories');
  const groups = Map.groupBy(requestedCategories, ({ indexOfAndGroup }) => indexOfAndGroup);
  const preferred = new Set<string>();
  const inError = new Set<string>();
  let canFilter = true;
  for (const group of groups.values()) {
    const ids = [...new Set(group.map(({ categoryId }) => categoryId))];
    const unknown = ids.filter((id) => typeOf(catalog, id) === undefined);
    for (const id of unknown) inError.add(id);
    if (unknown.length > 0 || !canFilter) continue;
    const product = productOf(ids, (id) => typeOf(catalog, id));
    if (product === undefined) canFilter = false;
    else preferred.add(product);
  }
  return { preferredCategoryIds: canFilter ? [...preferred] : [], requestedCategoryIdsInError: [...inError] };
}

/** A product alone, or a product with a classification: the product. Everything else cannot be filtered by. */
function productOf(ids: readonly string[], type: (id: string) => string | undefined): string | undefined {
  const products = ids.filter((id) => type(id) === 'Product');
  const classifications = ids.filter((id) => type(id) === 'UpdateClassification');
  const fits =
    products.length === 1 && classifications.length <= 1 && products.length + classifications.length === ids.length;
  return fits ? products[0] : undefined;
}

function typeOf(catalog: UpdateService['catalog'], categoryId: string): string | undefined {
  const id: UpdateId | undefined = toUpdateId(categoryId);
  return id && catalog.categoryType(id);
}
