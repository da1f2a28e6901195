// Runs an import: documents in batches, each batch in one transaction, each document whole or not at all. A second run
// passes over documents that are there. So you continue an interrupted import by starting it again.
import {
  CatalogError,
  CatalogIndex,
  findSetAside,
  hasSameContent,
  parseUpdateDocument,
  parseUpdateId,
  type SetAside,
  toRevisionId,
} from '@moult/catalog';
import type { Store } from '@moult/store';
import { toRevision } from '@moult/store/catalog';
import type { FoundDocument } from './found-document.ts';

export interface ImportReport {
  /** Updates that were not known before. */
  new: number;
  /** Further revisions of known updates. */
  changed: number;
  /** There already, with the same content. */
  unchanged: number;
  refused: number;
  refusals: { document: string; code: string; message: string }[];
  /** In the catalog, but offered to nobody as things stand. */
  setAside: { update: string; code: string; message: string }[];
}

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
  const report: ImportReport = { new: 0, changed: 0, unchanged: 0, refused: 0, refusals: [], setAside: [] };
  const index = await loadIndex(store);
  let batch: Parsed[] = [];
  let characters = 0;
  const flush = async () => {
    await writeBatch(store, index, batch, report, now());
    batch = [];
    characters = 0;
    onProgress(report);
  };
  for await (const document of documents) {
    const parsed = parse(document, report);
    if (!parsed) continue;
    batch.push(parsed);
    characters += parsed.revision.xml.length;
    if (batch.length >= batchDocuments || characters >= batchCharacters) await flush();
  }
  await flush();
  report.setAside = findSetAside(index).map(toEntry);
  return report;
}

type RevisionToImport = ReturnType<typeof toRevision>;

interface Parsed {
  name: string;
  revision: RevisionToImport;
}

function parse(document: FoundDocument, report: ImportReport): Parsed | undefined {
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
  const known = batch
    .map((entry, at) => ({ ...entry, result: results[at] }))
    .filter(({ result }) => result && !result.isNew);
  const ids = known.map(({ result }) => result?.revisionId ?? 0);
  const documents = await store.loadDocuments(ids);
  for (const [at, { name, revision }] of batch.entries()) {
    const result = results[at];
    if (!result) continue;
    if (result.isNew) {
      if (index.latest(parseUpdateId(revision.updateId))) report.changed++;
      else report.new++;
    } else if (saysTheSame(documents.get(result.revisionId), revision.xml)) report.unchanged++;
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

function conflict({ updateId, revisionNumber }: RevisionToImport): { code: string; message: string } {
  return {
    code: 'CATALOG_IDENTITY_CONFLICT',
    message: `Update ${updateId}@${revisionNumber} is in the catalog already, with different content; that one is kept.`,
  };
}

async function loadIndex(store: Store): Promise<CatalogIndex> {
  const index = new CatalogIndex();
  await store.readSummaries(0, (summary) => {
    index.addEncoded(toRevisionId(summary.revisionId), summary, summary.importedAt);
  });
  return index;
}

function refuse(report: ImportReport, document: string, { code, message }: { code: string; message: string }): void {
  report.refused++;
  report.refusals.push({ document, code, message });
}

function toEntry({ identity, code, message }: SetAside): ImportReport['setAside'][number] {
  return { update: `${identity.updateId}@${identity.revisionNumber}`, code, message };
}
