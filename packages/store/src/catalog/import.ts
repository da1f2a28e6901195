// Update documents into the store: parsed, summarised, the two fragments of every sync derived, once in their life.
import {
  CatalogError,
  deriveCore,
  deriveExtended,
  encodeSummary,
  parseUpdateDocument,
  summarize,
  type UpdateDocument,
} from '@moult/catalog';
import type { ImportResult, RevisionToImport, Store } from '../index.ts';

/**
 * Imports documents in one transaction. A document that is there already is left alone. Throws CatalogError for a text
 * that is not a document, and then imports nothing.
 */
export function importDocuments(store: Store, documents: readonly string[], now: Date): Promise<ImportResult[]> {
  return store.importRevisions(documents.map(toRevision), now);
}

/** The rows of one document. Throws CatalogError. */
export function toRevision(xml: string): RevisionToImport {
  const document = parseUpdateDocument(xml);
  return { ...factsOf(document), xml, core: deriveCore(document), extended: deriveExtended(document) };
}

/** The rows beside the texts. */
export function factsOf(document: UpdateDocument): Omit<RevisionToImport, 'xml' | 'core' | 'extended'> {
  const { identity, updateType, category, localized, files, properties } = document;
  const language = properties.defaultPropertiesLanguage ?? 'en';
  const titled = localized.find((entry) => entry.language === language) ?? localized[0];
  return {
    updateId: identity.updateId,
    revisionNumber: identity.revisionNumber,
    updateType,
    categoryType: category?.categoryType,
    title: titled?.title ?? '',
    summary: encodeSummary(summarize(document)),
    files: files.map((file) => ({
      sha1: hexOf(file.sha1, identity.updateId),
      sha256: file.sha256 && Buffer.from(file.sha256, 'base64').toString('hex'),
      fileName: file.fileName,
      sizeBytes: file.sizeBytes,
      modifiedAt: dateOf(file.modified),
      ...(file.isEncrypted && { isEncrypted: true as const }),
    })),
  };
}

function hexOf(sha1: string, updateId: string): string {
  const digest = Buffer.from(sha1, 'base64');
  if (digest.length === 20) return digest.toString('hex');
  throw new CatalogError('CATALOG_BAD_FIELD', `A file of update ${updateId} has a SHA-1 of ${digest.length} bytes.`);
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}
