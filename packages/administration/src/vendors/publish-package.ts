// Publishes a package of a vendor's catalog. It fetches and checks the package's file, and packs it into a cabinet that
// the operator signs. The update goes into the catalog of this server under the package's own id.
import { join } from 'node:path';
import { CatalogError, toUpdateId } from '@moult/catalog';
import type { Publication } from '@moult/catalog/publication';
import { type OriginFile, parseVendorPackage } from '@moult/catalog/vendor';
import { type Log, type VendorPackageRow, withDiskTrouble } from '@moult/store';
import { fetchBounds } from '../bounds.ts';
import { AdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { packPublication, publish } from '../publications/index.ts';
import { fetchFile } from '../web-files/fetch-file.ts';
import { classificationId } from './classifications.ts';
import { copyGiven, digestsOf } from './local-file.ts';
import { publishedText } from './published-text.ts';
import { inWorkingFolder } from './working-folder.ts';

interface PublishPackageOptions {
  /** False: rules and texts alone. Computers say whether they need it, and cannot install it. */
  withContent: boolean;
  log: Log;
  /** Files of vendors are taken from this folder, not from the network. */
  filesFrom?: string | undefined;
  onProgress?: ((bytes: number, of: number) => void) | undefined;
}

export interface PublishedPackage {
  packageId: string;
  title: string;
  revision: number;
  /** False: it was published so before. */
  isNew: boolean;
}

/**
 * Publishes a package, and of those that it requires the rules. Does nothing for one that is published so already. Throws
 * AdministrationError SERVER_NOT_FOUND, ADMINISTRATION_PACKAGE_WITHHELD, ADMINISTRATION_FETCH, ADMINISTRATION_PRIVATE_ADDRESS,
 * ADMINISTRATION_FILE_DIGEST, and as packPublication and publish do. CatalogError CATALOG_IDENTITY_CONFLICT for an id of an
 * update that is not this package's.
 */
export async function publishVendorPackage(
  administration: Administration,
  packageId: string,
  options: PublishPackageOptions,
  begun = new Set<string>(),
): Promise<PublishedPackage> {
  const { store } = administration;
  // Packages may require each other: each is published once.
  begun.add(packageId);
  const row = await requirePackage(administration, packageId);
  const revisions = await store.findRevisions(packageId);
  if (revisions.length > 0 && row.publishedRevision === undefined)
    throw new CatalogError(
      'CATALOG_IDENTITY_CONFLICT',
      `An update with the id of "${row.title}" (${packageId}) is in the catalog already, and is not of this vendor.`,
    );
  const as = publishedText(row.digest, options.withContent);
  const newest = revisions.at(-1)?.revisionNumber;
  const isPublished = newest !== undefined && newest === row.publishedRevision;
  const hasAll = row.publishedAs === as || row.publishedAs === publishedText(row.digest, true);
  if (isPublished && hasAll) return { packageId, title: row.title, revision: newest, isNew: false };
  const revision = Math.max(newest ?? 0, row.publishedRevision ?? 0) + 1;
  const { publication, origin } = contentOf(row);
  await publishRequired(administration, publication, options, begun);
  const made = { ...(await ofThisServer(administration, publication)), revision };
  const fileSha256 = await inWorkingFolder(administration.server.dataDir, administration.author.at, async (folder) => {
    const file = options.withContent ? origin : undefined;
    const sha256 = file && (await obtain(administration, row, file, folder, options));
    const files = file ? made.files : [];
    const parts = { folder, server: () => administration.server, now: administration.author.at };
    const packed = await packPublication({ ...made, files }, parts);
    // First on record that the id is ours: a process that ends here goes on with the next revision.
    await store.notePublished(packageId, { revision, as: `${as} begun`, fileSha256: sha256 });
    await publish(administration, made, packed, options.log);
    return sha256;
  });
  await store.notePublished(packageId, { revision, as, fileSha256 });
  return { packageId, title: row.title, revision, isNew: true };
}

/** The package's row. Throws SERVER_NOT_FOUND, ADMINISTRATION_PACKAGE_WITHHELD. */
export async function requirePackage({ store }: Administration, packageId: string): Promise<VendorPackageRow> {
  const row = await store.findVendorPackage(packageId);
  if (!row)
    throw new AdministrationError('SERVER_NOT_FOUND', `No vendor catalog has a package ${packageId}.`, {
      subject: 'update',
    });
  if (row.state === 'withheld')
    throw new AdministrationError(
      'ADMINISTRATION_PACKAGE_WITHHELD',
      `"${row.title}" (${packageId}) is withheld: ${row.code}: ${row.reason}`,
    );
  return row;
}

/** The contents of the package. Throws ADMINISTRATION_PACKAGE_WITHHELD if this version cannot read them any more. */
export function contentOf({ xml, title }: VendorPackageRow): {
  publication: Publication;
  origin: OriginFile | undefined;
} {
  const { content } = parseVendorPackage(xml);
  if (!('withheld' in content)) return content;
  const { code, message } = content.withheld;
  throw new AdministrationError('ADMINISTRATION_PACKAGE_WITHHELD', `"${title}" is withheld: ${code}: ${message}`);
}

async function publishRequired(
  administration: Administration,
  { prerequisites }: Publication,
  options: PublishPackageOptions,
  begun: Set<string>,
): Promise<void> {
  for (const id of new Set(prerequisites.flat())) {
    if (begun.has(id)) continue;
    const required = await administration.store.findVendorPackage(id);
    if (!required || required.state === 'withheld' || required.publishedRevision !== undefined) continue;
    await publishVendorPackage(administration, id, { ...options, withContent: false }, begun);
  }
}

/** Microsoft's classification where this server has it. And no package supersedes updates that are not of vendors' catalogs. */
async function ofThisServer({ store }: Administration, publication: Publication): Promise<Publication> {
  const known = classificationId(publication.classification);
  const isHere = known !== undefined && (await store.findRevisions(known)).length > 0;
  const supersedes: Publication['supersedes'] = [];
  for (const id of publication.supersedes) {
    const isForeign = (await store.findRevisions(id)).length > 0 && !(await store.findVendorPackage(id));
    if (!isForeign) supersedes.push(id);
  }
  return {
    ...publication,
    classification: (isHere ? toUpdateId(known) : undefined) ?? publication.classification,
    supersedes,
  };
}

/** Puts the file into `folder`. Answers its SHA-256. */
async function obtain(
  { store }: Administration,
  row: VendorPackageRow,
  file: OriginFile,
  folder: string,
  { filesFrom, onProgress }: PublishPackageOptions,
): Promise<string> {
  const path = join(folder, file.fileName);
  if (file.sizeBytes > fetchBounds.maxFileBytes)
    throw new AdministrationError(
      'ADMINISTRATION_FETCH',
      `${file.fileName} has ${file.sizeBytes} bytes; the limit is ${fetchBounds.maxFileBytes} (fetch.max-file-bytes).`,
    );
  await withDiskTrouble(`A file of ${file.sizeBytes} bytes cannot be written into ${folder}`, async () => {
    if (filesFrom !== undefined) return copyGiven(join(filesFrom, file.fileName), path);
    const allowsPrivate = (await store.findVendorCatalog(row.catalog))?.allowsPrivate ?? false;
    const progress = onProgress && ((bytes: number) => onProgress(bytes, file.sizeBytes));
    await fetchFile(file.address, path, { allowsPrivate, maxBytes: file.sizeBytes, onProgress: progress });
  });
  return requireFileOf(row, file, path);
}

async function requireFileOf(row: VendorPackageRow, file: OriginFile, path: string): Promise<string> {
  const found = await digestsOf(path);
  const pinned = row.fileSha256;
  const why =
    found.sizeBytes !== file.sizeBytes
      ? `it has ${found.sizeBytes} bytes, and the catalog says ${file.sizeBytes}`
      : found.sha1 !== file.sha1
        ? `its SHA-1 is ${found.sha1}, and the catalog says ${file.sha1}`
        : pinned !== undefined && pinned !== found.sha256
          ? `its SHA-256 is ${found.sha256}, and ${pinned} was said before`
          : undefined;
  if (why === undefined) return found.sha256;
  throw new AdministrationError(
    'ADMINISTRATION_FILE_DIGEST',
    `The file ${file.fileName} of "${row.title}" is not the one of the catalog: ${why}. Nothing was published.`,
  );
}
