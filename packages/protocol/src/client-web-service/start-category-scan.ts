import { guid, integer } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, listThatMustBe, record, required } from '../soap/shape.ts';

/** Carries no cookie. The request is an OR of AND-groups keyed by `indexOfAndGroup` (MS-WUSP 3.1.5.6). */
export const startCategoryScan = operation(
  record({
    requestedCategories: listThatMustBe(
      'requestedCategories',
      'CategoryRelationship',
      record({ indexOfAndGroup: required('IndexOfAndGroup', integer), categoryId: required('CategoryId', guid) }),
    ),
  }),
  record({
    preferredCategoryIds: list('preferredCategoryIds', 'guid', guid),
    requestedCategoryIdsInError: list('requestedCategoryIdsInError', 'guid', guid),
  }),
);
