// Compares the documents of a bundle with this catalog, before anything changes.
import {
  type CatalogIndex,
  encodeSummary,
  findSetAside,
  formatIdentity,
  hasSameContent,
  parseUpdateDocument,
  summarize,
  toRevisionId,
  type UpdateDocument,
} from '@moult/catalog';
import type { Store } from '@moult/store';
import { readLargeRevision, unpackInPieces } from '@moult/store/catalog';
import { AdministrationError } from '../errors.ts';
import { type FoundDocument, refusalOf } from '../imports/found-document.ts';
import { loadIndex } from '../imports/load-index.ts';
import { damaged } from './read-bundle.ts';

export interface CheckedDocuments {
  new: number;
  unchanged: number;
  updateIds: Set<string>;
}

/**
 * Reads every document. `waiting`: updates that wait for others where the bundle is from. Throws AdministrationError:
 * ADMINISTRATION_BUNDLE_DAMAGED for a document that cannot be read. ADMINISTRATION_BUNDLE_UNFIT for one that the catalog has with
 * other content, or that lacks others.
 */
export async function checkDocuments(
  store: Store,
  documents: AsyncIterable<FoundDocument>,
  waiting: readonly string[],
): Promise<CheckedDocuments> {
  const index = await loadIndex(store);
  const before = new Set([...waiting, ...findSetAside(index).map(({ identity }) => formatIdentity(identity))]);
  const checked: CheckedDocuments = { new: 0, unchanged: 0, updateIds: new Set() };
  const other: string[] = [];
  let freeId = (await lastRevisionId(store)) + 1;
  for await (const found of documents) {
    const { document, text } = await read(found);
    const { updateId } = document.identity;
    checked.updateIds.add(updateId);
    const [revisionId] = (await store.findRevisionIds([document.identity])).values();
    if (revisionId === undefined) {
      checked.new++;
      index.addEncoded(toRevisionId(freeId++), encodeSummary(summarize(document)));
    } else if (await isSame(store, revisionId, document, text)) checked.unchanged++;
    else other.push(formatIdentity(document.identity));
  }
  if (other.length > 0)
    throw unfit('are in the catalog already, with different content', other, 'Nothing replaces a revision.');
  requireWhole(index, before);
  return checked;
}

function requireWhole(index: CatalogIndex, before: ReadonlySet<string>): void {
  const lacking = findSetAside(index).filter(({ identity }) => !before.has(formatIdentity(identity)));
  if (lacking.length === 0) return;
  const names = lacking.map(({ identity }) => formatIdentity(identity));
  throw unfit('need others that are neither here nor in the bundle', names, lacking[0]?.message ?? '');
}

function unfit(what: string, names: readonly string[], more: string): AdministrationError {
  const shown = names.slice(0, 3).join(', ');
  return new AdministrationError(
    'ADMINISTRATION_BUNDLE_UNFIT',
    `The bundle was not taken in. ${names.length} of its updates ${what}: ${shown}. ${more}`,
  );
}

async function read(found: FoundDocument): Promise<{ document: UpdateDocument; text: string | undefined }> {
  if ('passedOver' in found) throw damaged(`${found.name} is ${found.passedOver}.`);
  if ('refused' in found) throw damaged(`${found.name}: ${found.refused.message}`);
  try {
    if ('xml' in found) return { document: parseUpdateDocument(found.xml), text: found.xml };
    return { document: (await readLargeRevision(found.pieces)).document, text: undefined };
  } catch (error) {
    throw damaged(`${found.name}: ${refusalOf(found.name, error).refused.message}`);
  }
}

async function isSame(
  store: Store,
  revisionId: number,
  document: UpdateDocument,
  text: string | undefined,
): Promise<boolean> {
  if (text === undefined) {
    const packed = await store.loadPackedDocument(revisionId);
    if (packed === undefined) return false;
    return hasSameContent((await readLargeRevision(unpackInPieces(packed))).document, document);
  }
  const known = (await store.loadDocuments([revisionId])).get(revisionId);
  return known === text || (known !== undefined && hasSameContent(parseUpdateDocument(known), document));
}

async function lastRevisionId(store: Store): Promise<number> {
  let last = 0;
  await store.readSummaries(0, ({ revisionId }) => {
    last = Math.max(last, revisionId);
  });
  return last;
}
