// The whole catalog of a store in memory, for what looks at all of it once.
import { CatalogIndex, toRevisionId } from '@moult/catalog';
import type { Store } from '@moult/store';

export async function loadIndex(store: Pick<Store, 'readSummaries'>): Promise<CatalogIndex> {
  const index = new CatalogIndex();
  await store.readSummaries(0, (summary) => {
    index.addEncoded(toRevisionId(summary.revisionId), summary, summary.importedAt);
  });
  return index;
}
