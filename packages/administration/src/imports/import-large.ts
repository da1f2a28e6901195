// One large document into the catalog, with little more memory than an import of small ones takes.
import { type CatalogIndex, hasSameContent, toRevisionId } from '@moult/catalog';
import type { Store } from '@moult/store';
import { type LargeRevision, readLargeRevision, unpackInPieces } from '@moult/store/catalog';
import { type FoundDocument, type Refusal, refusalOf } from './found-document.ts';
import { conflict, countNew, type ImportReport, refuse } from './import-report.ts';

interface Importing {
  store: Store;
  index: CatalogIndex;
  report: ImportReport;
}

type LargeDocument = Extract<FoundDocument, { pieces: unknown }>;

/** Imports it, or refuses it in the report. Throws only what the store throws. */
export async function importLarge(importing: Importing, { name, pieces }: LargeDocument, now: Date): Promise<void> {
  const { store, index, report } = importing;
  const read = await readLarge(name, pieces);
  if ('refused' in read) return refuse(report, name, read.refused);
  const [result] = await store.importRevisions([read.packed], now);
  if (!result) return;
  if (result.expired) report.expired.push(result.expired);
  if (result.isNew) countNew(index, report, read.packed);
  else if (await saysTheSame(store, result.revisionId, read)) report.unchanged++;
  else return refuse(report, name, conflict(read.packed));
  const revisionId = toRevisionId(result.revisionId);
  if (!index.get(revisionId)) index.addEncoded(revisionId, read.packed.summary, now.getTime());
}

async function readLarge(name: string, pieces: LargeDocument['pieces']): Promise<LargeRevision | { refused: Refusal }> {
  try {
    return await readLargeRevision(pieces);
  } catch (error) {
    return refusalOf(name, error);
  }
}

async function saysTheSame(store: Store, revisionId: number, { packed, document }: LargeRevision): Promise<boolean> {
  const known = await store.loadPackedDocument(revisionId);
  if (known === undefined) return false;
  // The same text is packed to the same bytes. Others may still say the same.
  if (Buffer.from(packed.document).equals(known)) return true;
  const before = await readLargeRevision(unpackInPieces(known));
  return hasSameContent(before.document, document);
}
