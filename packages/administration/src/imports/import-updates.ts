// Imports updates into the catalog, and records who did it.
import type { Administration } from '../open-server.ts';
import type { FoundDocument } from './found-document.ts';
import type { ImportReport } from './import-report.ts';
import { runImport } from './run-import.ts';

/** Imports everything `documents` gives, and records it when anything is new. Throws only what the store throws. */
export async function importUpdates(
  { store, author }: Administration,
  documents: AsyncIterable<FoundDocument>,
  onProgress: (report: Readonly<ImportReport>) => void,
): Promise<ImportReport> {
  const imported = await runImport(store, documents, { now: () => new Date(), onProgress });
  const { new: added, changed } = imported;
  if (added + changed > 0) {
    // The facts for lists are read now, and not when a person waits for a list.
    await store.readUpdateFacts();
    await store.recordChange(author, { action: 'import updates', subject: 'catalog', after: { added, changed } });
  }
  return imported;
}
