// Computers without contact for a long time. One that comes back registers again, and belongs to the group of all new ones.
import type { Store } from '@moult/store';
import type { Administration } from '../open-server.ts';
import type { CleanupCourse } from './update-removal.ts';

const computersPerPage = 200;

export async function countSilent(store: Store, silentSince: Date, most: number) {
  const page = await pageOf(store, silentSince, Math.max(most, 1));
  return { items: page.total ?? page.items.length, examples: page.items.slice(0, most).map(({ dnsName }) => dnsName) };
}

export async function removeSilent(
  { store, author }: Administration,
  silentSince: Date,
  { signal, step }: CleanupCourse,
) {
  const examples: string[] = [];
  let items = 0;
  while (!signal?.aborted) {
    const page = await pageOf(store, silentSince, computersPerPage);
    let removed = 0;
    for (const { computerId, dnsName } of page.items) {
      if (signal?.aborted) break;
      await store.removeComputer(computerId, author);
      if (examples.length < 10) examples.push(dnsName);
      removed++;
      step(1);
    }
    items += removed;
    if (page.items.length < computersPerPage || removed === 0) break;
  }
  return { items, examples };
}

function pageOf(store: Store, silentSince: Date, limit: number) {
  return store.pageComputers({ silentSince }, { limit, sort: 'name', isDescending: false });
}
