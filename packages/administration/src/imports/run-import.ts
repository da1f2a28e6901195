// Runs an import: documents in batches, each batch in one transaction, each document whole or not at all. A second run
// passes over documents that are there. So you continue an interrupted import by starting it again.
import {
  CatalogError,
  type CatalogIndex,
  findSetAside,
  hasSameContent,
  parseUpdateDocument,
  type SetAside,
  toRevisionId,
} from '@moult/catalog';
import type { Store } from '@moult/store';
import { toRevision } from '@moult/store/catalog';
import type { FoundDocument } from './found-document.ts';
import { importLarge } from './import-large.ts';
import { conflict, countNew, emptyReport, type ImportReport, passOver, refuse } from './import-report.ts';
import { loadIndex } from './load-index.ts';

interface ImportOptions {
  now(): Date;
  onProgress(report: Readonly<ImportReport>): void;
}

const batchDocuments = 500;
const batchCharacters = 16 * 1024 * 1024;

/** Imports everything `documents` gives. Throws only what the store throws. */
export async function runImport(
  store: Store,
  documents: AsyncIterable<FoundDocument>,
  { now, onProgress }: ImportOptions,
): Promise<ImportReport> {
  const report = emptyReport();
  const index = await loadIndex(store);
  const before = new Set(findSetAside(index).map(nameOf));
  let batch: Parsed[] = [];
  let characters = 0;
  const flush = async () => {
    await writeBatch(store, index, batch, report, now());
    batch = [];
    characters = 0;
    onProgress(report);
  };
  for await (const document of documents) {
    if ('passedOver' in document) {
      passOver(report, document);
      continue;
    }
    if ('pieces' in document) {
      // Documents keep their order, and a large one shares the memory with no batch.
      await flush();
      await importLarge({ store, index, report }, document, now());
      onProgress(report);
      continue;
    }
    const parsed = parse(document, report);
    if (!parsed) continue;
    batch.push(parsed);
    characters += parsed.revision.xml.length;
    if (batch.length >= batchDocuments || characters >= batchCharacters) await flush();
  }
  await flush();
  const setAside = findSetAside(index);
  report.setAside = setAside.filter((one) => !before.has(nameOf(one))).map(toEntry);
  report.setAsideInAll = setAside.length;
  return report;
}

/** Every update that waits for others as things stand, by its identity. */
export async function listWaiting(store: Pick<Store, 'readSummaries'>): Promise<ImportReport['setAside']> {
  return findSetAside(await loadIndex(store)).map(toEntry);
}

type RevisionToImport = ReturnType<typeof toRevision>;

interface Parsed {
  name: string;
  revision: RevisionToImport;
}

type WholeDocument = Extract<FoundDocument, { xml: string } | { refused: unknown }>;

function parse(document: WholeDocument, report: ImportReport): Parsed | undefined {
  if ('refused' in document) {
    refuse(report, document.name, document.refused);
    return undefined;
  }
  try {
    return { name: document.name, revision: toRevision(document.xml) };
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    refuse(report, document.name, error);
    return undefined;
  }
}

async function writeBatch(
  store: Store,
  index: CatalogIndex,
  batch: readonly Parsed[],
  report: ImportReport,
  now: Date,
): Promise<void> {
  const results = await store.importRevisions(
    batch.map(({ revision }) => revision),
    now,
  );
  report.expired.push(...results.flatMap(({ expired }) => (expired ? [expired] : [])));
  const known = batch
    .map((entry, at) => ({ ...entry, result: results[at] }))
    .filter(({ result }) => result && !result.isNew);
  const ids = known.map(({ result }) => result?.revisionId ?? 0);
  const documents = await store.loadDocuments(ids);
  for (const [at, { name, revision }] of batch.entries()) {
    const result = results[at];
    if (!result) continue;
    if (result.isNew) countNew(index, report, revision);
    else if (saysTheSame(documents.get(result.revisionId), revision.xml)) report.unchanged++;
    else {
      refuse(report, name, conflict(revision));
      continue;
    }
    // Another import may have brought it meanwhile.
    const revisionId = toRevisionId(result.revisionId);
    if (!index.get(revisionId)) index.addEncoded(revisionId, revision.summary, now.getTime());
  }
}

function saysTheSame(known: string | undefined, xml: string): boolean {
  if (known === undefined || known === xml) return known === xml;
  return hasSameContent(parseUpdateDocument(known), parseUpdateDocument(xml));
}

/** With the reason: an update that waits for another reason than before is news. */
function nameOf({ identity, code }: SetAside): string {
  return `${identity.updateId}@${identity.revisionNumber} ${code}`;
}

function toEntry({ identity, code, message }: SetAside): ImportReport['setAside'][number] {
  return { update: `${identity.updateId}@${identity.revisionNumber}`, code, message };
}
