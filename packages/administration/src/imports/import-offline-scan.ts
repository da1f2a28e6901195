// Imports an offline scan file (wsusscn2.cab) as a catalog for networks without a way to Microsoft. It tells where files are, and how
// the supersedence of its list differs from that of the documents.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { UpdateId } from '@moult/catalog';
import { temporaryFolder } from '@moult/disk';
import { verifyLargeCabinet } from '@moult/formats/authenticode';
import { type Cabinet, MemberReader, readCabinetFrom } from '@moult/formats/cab';
import type { Store } from '@moult/store';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { packageLimits, scanIndexBounds } from './bounds.ts';
import { openFileSource } from './file-source.ts';
import type { ImportReport } from './import-report.ts';
import { importUpdates } from './import-updates.ts';
import { loadIndex } from './load-index.ts';
import { readDocuments } from './read-documents.ts';
import { spool } from './read-offline-scan.ts';
import { readScanIndex, type ScanIndex } from './read-scan-index.ts';
import { decodedPieces } from './read-text.ts';

interface SupersedenceDifference {
  updateId: string;
  /** Updates that supersede it in the list of the file alone. */
  onlyInFile: string[];
  /** Updates that supersede it in the catalog alone. The file has them, too. */
  onlyInCatalog: string[];
}

export interface ImportedScan {
  /** The first certificate that signed the file, which is as it was signed. Undefined for a file that is not signed. */
  signer: { sha256: string; subject: string } | undefined;
  report: ImportReport;
  /** Updates of the list. */
  updates: number;
  /** Addresses of files that are known now, and those that are refused because they are not public. */
  sources: number;
  refusedSources: number;
  /** Updates whose supersedence was compared: those that the catalog has. */
  compared: number;
  differences: SupersedenceDifference[];
  differencesInAll: number;
}

/**
 * Imports all of it. Undefined, and nothing changes, for a file that is not an offline scan file. Before anything changes, throws
 * FormatError for a list that cannot be read. Throws AdministrationError ADMINISTRATION_CATALOG_SIGNATURE for a file that changed
 * after it was signed. With `signedBy` (SHA-256 of a certificate) it throws ADMINISTRATION_CATALOG_SIGNER for every other signer, and
 * for none.
 */
export async function importOfflineScan(
  administration: Administration,
  path: string,
  onProgress: (report: Readonly<ImportReport>) => void,
  { signedBy }: { signedBy?: string | undefined } = {},
): Promise<ImportedScan | undefined> {
  const { store, author } = administration;
  const scan = readListIn(path);
  if (!scan) return undefined;
  const signer = signerOf(path, author.at);
  requireSigner(path, signer, signedBy);
  const report = await importUpdates(administration, readDocuments([path], Readable.from([])), onProgress);
  const perTransaction = 1000;
  for (let at = 0; at < scan.sources.length; at += perTransaction)
    await store.noteContentSources(scan.sources.slice(at, at + perTransaction));
  const { compared, differences } = await compare(store, scan);
  return {
    ...{
      signer,
      report,
      updates: scan.updates.size,
      sources: scan.sources.length,
      refusedSources: scan.refusedSources,
    },
    ...{ compared, differences: differences.slice(0, scanIndexBounds.maxNamed), differencesInAll: differences.length },
  };
}

function signerOf(path: string, now: Date): ImportedScan['signer'] {
  const file = openFileSource(path);
  try {
    const { signed, signers, problems } = verifyLargeCabinet(file, { trustedCertificatesPem: [], now });
    if (!signed) return undefined;
    const [first] = signers;
    const broken = problems.find(({ code }) => changed.has(code));
    if (first && !broken && signers.every(({ intact }) => intact))
      return { sha256: first.sha256, subject: first.subject };
    const why = broken?.message ?? problems[0]?.message ?? 'It cannot be read.';
    const message = `The signature of ${path} does not fit the file, which was changed or damaged on its way: ${why} Fetch it again.`;
    throw new AdministrationError('ADMINISTRATION_CATALOG_SIGNATURE', message);
  } finally {
    file.close();
  }
}

const changed: ReadonlySet<string> = new Set([
  'SIGNATURE_APPENDED_DATA',
  'SIGNATURE_BAD_LAYOUT',
  'SIGNATURE_MALFORMED',
]);

function requireSigner(path: string, signer: ImportedScan['signer'], wanted: string | undefined): void {
  const sha256 = wanted?.replace(/[\s:-]/g, '').toLowerCase();
  if (sha256 === undefined || signer?.sha256.toLowerCase() === sha256) return;
  const who = signer ? `is signed by ${signer.subject} (SHA-256 ${signer.sha256})` : 'is not signed';
  const message = `${path} ${who}, and not by the certificate that you named. Nothing was imported.`;
  throw new AdministrationError('ADMINISTRATION_CATALOG_SIGNER', message);
}

function readListIn(path: string): ScanIndex | undefined {
  const file = openFileSource(path);
  const folder = temporaryFolder('moult-scan-list');
  try {
    const outer = readCabinetFrom(file, { limits: packageLimits });
    const member = outer.members.find(({ name }) => /(^|[\\/])package\.cab$/i.test(name));
    if (!member) return undefined;
    const inner = join(folder, 'package.cab');
    spool(new MemberReader(outer).read(member), inner);
    const list = openFileSource(inner);
    try {
      return readList(readCabinetFrom(list, { limits: packageLimits }));
    } finally {
      list.close();
    }
  } finally {
    file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readList(cabinet: Cabinet): ScanIndex | undefined {
  const member = cabinet.members.find(({ name }) => /(^|[\\/])package\.xml$/i.test(name));
  return member && readScanIndex(decodedPieces(new MemberReader(cabinet).read(member)));
}

/** Of updates that are here. An update that supersedes one and is not in the file says nothing against the file. */
async function compare(store: Store, { updates, supersededBy }: ScanIndex) {
  const index = await loadIndex(store);
  const differences: SupersedenceDifference[] = [];
  let compared = 0;
  for (const updateId of updates) {
    const here = index.update(updateId);
    if (!here || here.revisions.length === 0) continue;
    compared++;
    const inFile = supersededBy.get(updateId) ?? new Set<UpdateId>();
    const inCatalog = new Set([...here.supersededBy].map(({ summary }) => summary.identity.updateId));
    const onlyInFile = [...inFile].filter((id) => !inCatalog.has(id));
    const onlyInCatalog = [...inCatalog].filter((id) => !inFile.has(id) && updates.has(id));
    if (onlyInFile.length + onlyInCatalog.length > 0) differences.push({ updateId, onlyInFile, onlyInCatalog });
  }
  return { compared, differences };
}
