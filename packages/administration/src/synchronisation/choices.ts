// Which products, classifications and languages are synchronised. Nothing is chosen but by an administrator: a product that an
// upstream adds stays unchosen, and one that vanishes stays chosen.
import type { Category, SyncChoice, SyncChoiceKind } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { loadOfferedLanguages } from './languages.ts';

export interface OfferedChoice {
  id: string;
  /** '' for one that the upstream does not offer any more. */
  name: string;
  /** The names that it is a part of: the family of a product. */
  within: string[];
  isChosen: boolean;
}

/** All that can be chosen of this kind, by name, and all that is chosen. */
export async function listChoices(
  { store }: Pick<Administration, 'store'>,
  kind: SyncChoiceKind,
): Promise<OfferedChoice[]> {
  const chosen = new Set((await store.loadSyncChoices()).filter((one) => one.kind === kind).map(({ id }) => id));
  const { offered } = await loadOffered({ store }, kind);
  const known = new Set(offered.map(({ id }) => id));
  const vanished = [...chosen].filter((id) => !known.has(id)).map((id) => ({ id, name: '', within: [] }));
  return [...offered, ...vanished].map((one) => ({ ...one, isChosen: chosen.has(one.id) }));
}

/**
 * Adds and removes choices, on record. Each is named by its id or its name, products also by their family. Revisions
 * that are here stay. Throws ADMINISTRATION_SYNC_CHOICE for a name that fits none or several, and then changes nothing.
 */
export async function changeChoices(
  administration: Pick<Administration, 'store' | 'author'>,
  kind: SyncChoiceKind,
  { add, remove }: { add: readonly string[]; remove: readonly string[] },
): Promise<{ added: SyncChoice[]; removed: SyncChoice[] }> {
  const { store, author } = administration;
  // A replica gets all that its upstream server has.
  if (kind !== 'language') await requireAutonomous(administration);
  const found = await loadOffered({ store }, kind);
  const chosen = new Set((await store.loadSyncChoices()).filter((one) => one.kind === kind).map(({ id }) => id));
  const toChoices = (names: readonly string[], isRemoval: boolean): SyncChoice[] =>
    names.flatMap((name) => {
      const id = name.trim().toLowerCase();
      const ids = isRemoval && chosen.has(id) ? [id] : idsOf(found, kind, name);
      return ids.map((one) => ({ kind, id: one }));
    });
  return store.changeSyncChoices({ add: toChoices(add, false), remove: toChoices(remove, true) }, author);
}

/** The ids that these names mean. Throws ADMINISTRATION_SYNC_CHOICE for a name that fits none or several. */
export async function resolveChoices(
  { store }: Pick<Administration, 'store'>,
  kind: SyncChoiceKind,
  names: readonly string[],
): Promise<string[]> {
  const found = await loadOffered({ store }, kind);
  return [...new Set(names.flatMap((name) => idsOf(found, kind, name)))];
}

type Offered = Omit<OfferedChoice, 'isChosen'>;

interface FoundOffers {
  offered: Offered[];
  /** Product families: a name for all products inside. */
  families: Category[];
  products: Category[];
}

async function loadOffered({ store }: Pick<Administration, 'store'>, kind: SyncChoiceKind): Promise<FoundOffers> {
  if (kind === 'language') {
    const offered = (await loadOfferedLanguages(store)).map(({ id, short, name }) => ({
      id: String(id),
      name,
      within: [short],
    }));
    return { offered, families: [], products: [] };
  }
  const products = await store.listCategories([kind === 'product' ? 'Product' : 'UpdateClassification']);
  const families = kind === 'product' ? await store.listCategories(['ProductFamily']) : [];
  const names = new Map(families.map(({ categoryId, name }) => [categoryId, name]));
  const offered = products.map(({ categoryId, name, parents }) => ({
    ...{ id: categoryId, name },
    within: parents.flatMap((id) => names.get(id) ?? []),
  }));
  return { offered, families, products };
}

function idsOf({ offered, families, products }: FoundOffers, kind: SyncChoiceKind, asked: string): string[] {
  const wanted = asked.trim().toLowerCase();
  const fits = ({ id, name }: { id: string; name: string }) => id === wanted || name.toLowerCase() === wanted;
  const direct = offered.filter((one) => fits(one) || (kind === 'language' && one.within.includes(wanted)));
  if (direct.length === 1) return direct.map(({ id }) => id);
  if (direct.length > 1) throw unclear(kind, asked, direct);
  const inside = families
    .filter(({ categoryId, name }) => fits({ id: categoryId, name }))
    .flatMap(({ categoryId }) => products.filter(({ parents }) => parents.includes(categoryId)));
  if (inside.length > 0) return inside.map(({ categoryId }) => categoryId);
  const near = offered.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, namesTold);
  throw unclear(kind, asked, near);
}

const namesTold = 10;

function unclear(kind: SyncChoiceKind, asked: string, near: readonly Offered[]): AdministrationError {
  const names = near.slice(0, namesTold).map(({ id, name }) => `${name} (${id})`);
  const told = names.length === 0 ? `"moult sync ${kind}s" lists what there is.` : `Similar: ${names.join(', ')}.`;
  return new AdministrationError('ADMINISTRATION_SYNC_CHOICE', `No ${kind} is called exactly "${asked}". ${told}`);
}
