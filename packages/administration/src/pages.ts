// How all lists are asked for: filters by name, a sort, and where the page before ended.
import type { Page, PageRequest, Store } from '@moult/store';
import { AdministrationError, asAdministrationError } from './errors.ts';
import { findGroup } from './find.ts';

/** How much of a list. */
export interface ListRequest {
  /** Most items of this page. 0 for all. */
  limit: number;
  /** `next` of the page before. */
  cursor?: string | undefined;
}

/** As the store wants it. */
export function toPageRequest({ limit, cursor }: ListRequest): PageRequest {
  return { limit: limit === 0 ? undefined : limit, cursor };
}

/** A page. A refused cursor in the words of administration. */
export async function paged<Item>(page: Promise<Page<Item>>): Promise<Page<Item>> {
  try {
    return await page;
  } catch (error) {
    throw asAdministrationError(error, 'computer');
  }
}

/** The ids of these groups. With `below` also of those inside of them. Throws AdministrationError SERVER_NOT_FOUND. */
export async function groupIdsOf(store: Store, names: readonly string[], { below = false } = {}): Promise<string[]> {
  const found = new Set<string>();
  for (const name of names) found.add((await findGroup(store, name)).groupId);
  if (below) {
    const groups = await store.loadGroups();
    for (let before = 0; before < found.size; ) {
      before = found.size;
      for (const { groupId, parentId } of groups) if (parentId !== undefined && found.has(parentId)) found.add(groupId);
    }
  }
  return [...found];
}

type CategoryKind = 'classification' | 'product';

const typesOf: Readonly<Record<CategoryKind, readonly string[]>> = {
  classification: ['UpdateClassification'],
  product: ['Product', 'ProductFamily', 'Company'],
};

/**
 * The ids of the category with this name (letter case aside) or id, and of all inside of it. Throws AdministrationError
 * SERVER_NOT_FOUND, which names those that the catalog has.
 */
export async function categoryIdsOf(store: Store, kind: CategoryKind, text: string): Promise<string[]> {
  const known = await store.listCategories(typesOf[kind]);
  const wanted = text.trim().toLowerCase();
  const found = new Set(
    known
      .filter(({ name, categoryId }) => name.toLowerCase() === wanted || categoryId === wanted)
      .map(({ categoryId }) => categoryId),
  );
  if (found.size === 0)
    throw noCategory(
      kind,
      text,
      known.map(({ name }) => name),
    );
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { categoryId, parents } of known) if (parents.some((one) => found.has(one))) found.add(categoryId);
  }
  return [...found];
}

const shownNames = 20;

function noCategory(kind: CategoryKind, text: string, names: readonly string[]): AdministrationError {
  const part = text.trim().toLowerCase();
  const near = names.filter((name) => name.toLowerCase().includes(part));
  const shown = (near.length > 0 ? near : names).map((name) => `"${name}"`);
  const more = shown.length > shownNames ? ` and ${shown.length - shownNames} more` : '';
  const known =
    shown.length === 0 ? 'The catalog has none' : `The catalog has ${shown.slice(0, shownNames).join(', ')}${more}`;
  return new AdministrationError('SERVER_NOT_FOUND', `There is no ${kind} "${text}". ${known}.`);
}
