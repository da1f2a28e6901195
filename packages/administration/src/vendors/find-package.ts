// Finds the package of a vendor's catalog that a person types.
import type { ListedVendorPackage, Store } from '@moult/store';
import { findBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import { findUpdate, guidIn } from '../find.ts';

/**
 * The package that `typed` names: by the id, by an update that was published of it, or by a title. Throws AdministrationError
 * SERVER_NOT_FOUND for several.
 */
export async function findPackage(store: Store, typed: string): Promise<ListedVendorPackage | undefined> {
  const guid = guidIn(typed.replace(/@\d+\s*$/, ''));
  if (guid !== undefined) return store.findVendorPackage(guid);
  try {
    const { updateId } = await findUpdate(store, typed);
    return await store.findVendorPackage(updateId);
  } catch (error) {
    // Several updates fit: that is for the administrator to settle.
    if (!(error instanceof AdministrationError) || error.subject !== 'update') throw error;
    return byTitle(await store.listVendorPackages(), typed);
  }
}

/** Undefined if no title fits. The error is then that of a missing update. */
function byTitle(packages: readonly ListedVendorPackage[], typed: string): ListedVendorPackage | undefined {
  const key = typed.trim().toLowerCase();
  const listed = packages.filter(({ isListed }) => isListed);
  const same = listed.filter(({ title }) => title.toLowerCase() === key);
  const found = same.length > 0 ? same : listed.filter(({ title }) => key !== '' && title.toLowerCase().includes(key));
  if (found.length < 2) return found[0];
  const shown = found.slice(0, findBounds.maxCandidates).map(({ title, packageId }) => `${title} (${packageId})`);
  const more = found.length > shown.length ? [`${found.length - shown.length} more`] : [];
  throw new AdministrationError(
    'SERVER_NOT_FOUND',
    `"${typed}" fits several packages of vendors: ${[...shown, ...more].join(', ')}. Name one by its id.`,
  );
}
