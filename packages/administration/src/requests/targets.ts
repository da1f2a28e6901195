// The things that a waiting change is about, as they are now. If they are others at the confirmation, the change is another one
// than the first person asked for.
import type { Store } from '@moult/store';
import { findGroups } from '../approvals.ts';
import { findComputer, findUpdate, guidIn } from '../find.ts';
import { findPackage } from '../vendors/find-package.ts';

/**
 * The updates and groups that these texts name: revisions, packages of vendors, decisions. Throws AdministrationError
 * SERVER_NOT_FOUND.
 */
export async function stateOfUpdates(
  store: Store,
  { updates, groups }: { updates: readonly string[]; groups?: readonly string[] | undefined },
): Promise<unknown> {
  const found: unknown[] = [];
  const ids: string[] = [];
  for (const update of updates) {
    const vendors = await findPackage(store, update);
    if (vendors && vendors.publishedRevision === undefined) {
      found.push([vendors.packageId, vendors.digest]);
      continue;
    }
    const { updateId } = await findUpdate(store, vendors?.packageId ?? update);
    const newest = (await store.findRevisions(updateId)).at(-1);
    found.push([updateId, newest?.revisionNumber, newest?.isDeclined, vendors?.digest]);
    ids.push(updateId);
  }
  const decisions = ids.length === 0 ? [] : await store.listDeploymentsOf([...new Set(ids)]);
  const ordered = decisions.map((one) => JSON.stringify(one)).sort();
  const named = groups ? await findGroups(store, groups) : [];
  return [found, ordered, named.map(({ groupId }) => groupId)];
}

/** Throws AdministrationError SERVER_NOT_FOUND. */
export async function stateOfComputer(store: Store, computer: string): Promise<string> {
  return guidIn(computer) ?? (await findComputer(store, computer)).computerId;
}
