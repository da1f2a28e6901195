// Catalogs of vendors: added, read again, removed. A catalog puts nothing on any computer: its packages wait until somebody
// approves one.
import { basename, join } from 'node:path';
import { readOutside } from '@moult/disk';
import type { CountedVendorCatalog, ListedVendorPackage, Log, VendorCatalog, VendorPackageChange } from '@moult/store';
import { vendorCatalogLimits } from '../bounds.ts';
import { AdministrationError, asAdministrationError } from '../errors.ts';
import type { Administration } from '../open-server.ts';
import { fetchFile } from '../web-files/fetch-file.ts';
import { publishVendorPackage } from './publish-package.ts';
import { publishedText } from './published-text.ts';
import { type CatalogSigner, type ReadCatalog, readVendorCatalog } from './read-catalog.ts';
import { inWorkingFolder } from './working-folder.ts';

interface AddCatalogOptions {
  /** Made of the file's name when it is left out. */
  name?: string | undefined;
  /** Another signer than before is the right one. */
  acceptSigner?: boolean | undefined;
  /** The catalog and its files may be at addresses of a private network. Left out: as before, else not. */
  allowPrivate?: boolean | undefined;
  /** Only report the changes, and write nothing. */
  dryRun?: boolean | undefined;
}

interface NamedPackage {
  packageId: string;
  title: string;
}

/** The changes that reading a catalog made, or makes without `dryRun`. */
export interface CatalogReport {
  name: string;
  address: string;
  signer: CatalogSigner | undefined;
  /** Before this one, if it was another. */
  signerBefore: string | undefined;
  new: number;
  changed: number;
  unchanged: number;
  /** Gone from the catalog. Their published updates stay. */
  unlisted: number;
  expired: number;
  /** Of the files of all packages in the catalog that can be published. */
  bytes: number;
  withheld: (NamedPackage & { code: string; message: string })[];
  refused: ReadCatalog['refused'];
  /** Published packages that have a newer text in the catalog: approve them again to offer it. */
  newer: NamedPackage[];
  /** Published packages that the vendor expired: their updates are declined now. */
  expiredNow: NamedPackage[];
}

/**
 * Adds a catalog from a file or an address (http or https), or reads a known one again. Only packages with another text
 * are written.
 * Throws AdministrationError ADMINISTRATION_CATALOG_SIGNER for a signer that changed, ADMINISTRATION_CATALOG_SIGNATURE,
 * ADMINISTRATION_NOT_A_CATALOG, ADMINISTRATION_FETCH, ADMINISTRATION_PRIVATE_ADDRESS, SERVER_REFUSED for a malformed
 * name. CatalogError, FormatError and DiskError for a file that is damaged or beyond the limits. Then nothing was
 * changed.
 */
export async function addVendorCatalog(
  administration: Administration,
  source: string,
  options: AddCatalogOptions,
  log: Log,
): Promise<CatalogReport> {
  const { store, author } = administration;
  const name = nameOf(options.name ?? basename(pathOf(source)).replace(/\.(cab|zip|sdp|xml)$/i, ''));
  const before = await store.findVendorCatalog(name);
  const allowsPrivate = options.allowPrivate ?? before?.allowsPrivate ?? false;
  const bytes = await readSource(administration, source, allowsPrivate);
  const read = await readVendorCatalog(source, bytes, author.at);
  requireSigner(name, read.signer, before, options.acceptSigner ?? false);
  const catalog: VendorCatalog = {
    ...{ name, address: source, allowsPrivate, signer: read.signer?.sha256, signerName: read.signer?.subject },
    ...{ addedAt: before?.addedAt ?? author.at, updatedAt: author.at },
  };
  const known = await store.listVendorPackages();
  const { report, changed, unlisted } = compare(catalog, read, known);
  report.signerBefore = before && before.signer !== read.signer?.sha256 ? (before.signer ?? 'not signed') : undefined;
  if (options.dryRun) return report;
  const after = {
    ...{ address: source, signer: catalog.signer, signerBefore: report.signerBefore, allowsPrivate },
    ...{ new: report.new, changed: report.changed, unlisted: report.unlisted, withheld: report.withheld.length },
  };
  const action = before ? 'update vendor catalog' : 'add vendor catalog';
  await store.saveVendorCatalog(catalog, { changed, unlisted }, { author, action, after });
  for (const { packageId } of report.expiredNow)
    await publishVendorPackage(administration, packageId, { withContent: false, log });
  return report;
}

/** Reads known catalogs again, from where they were read last: those named, or all. Throws as addVendorCatalog does, at the first. */
export async function updateVendorCatalogs(
  administration: Administration,
  names: readonly string[],
  options: Pick<AddCatalogOptions, 'acceptSigner' | 'dryRun'>,
  log: Log,
): Promise<CatalogReport[]> {
  const all = await administration.store.listVendorCatalogs();
  const unknown = names.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) throw noCatalog(unknown);
  const reports: CatalogReport[] = [];
  for (const { name, address } of all)
    if (names.length === 0 || names.includes(name))
      reports.push(await addVendorCatalog(administration, address, { ...options, name }, log));
  return reports;
}

/** Forgets a catalog. Updates that were published from it stay. Throws SERVER_NOT_FOUND. */
export async function removeVendorCatalog({ store, author }: Administration, name: string): Promise<void> {
  try {
    await store.removeVendorCatalog(name, author);
  } catch (error) {
    throw asAdministrationError(error, 'update');
  }
}

/** All catalogs that were added, by name. */
export function listVendorCatalogs({ store }: Administration): Promise<CountedVendorCatalog[]> {
  return store.listVendorCatalogs();
}

/** Packages of one catalog or of all. Throws SERVER_NOT_FOUND for an unknown catalog. */
export async function listVendorPackages(
  { store }: Administration,
  { catalog, search }: { catalog?: string | undefined; search?: string | undefined },
): Promise<ListedVendorPackage[]> {
  if (catalog !== undefined && !(await store.findVendorCatalog(catalog))) throw noCatalog(catalog);
  const wanted = search?.toLowerCase();
  const packages = await store.listVendorPackages(catalog);
  return packages.filter(
    ({ title, packageId }) => !wanted || title.toLowerCase().includes(wanted) || packageId === wanted,
  );
}

function pathOf(source: string): string {
  return isWeb(source) ? (URL.parse(source)?.pathname ?? source) : source;
}

function isWeb(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

function nameOf(text: string): string {
  if (/^[\w][\w.-]{0,63}$/.test(text)) return text;
  throw new AdministrationError(
    'SERVER_REFUSED',
    `"${text.slice(0, 80)}" cannot be the name of a catalog. Give one with --name: up to 64 letters, digits, points and dashes.`,
  );
}

async function readSource({ server, author }: Administration, source: string, allowsPrivate: boolean): Promise<Buffer> {
  const limits = { maxBytes: vendorCatalogLimits.maxFileBytes };
  if (!isWeb(source)) return readOutside(source, limits);
  return inWorkingFolder(server.dataDir, author.at, async (folder) => {
    const path = join(folder, 'catalog');
    await fetchFile(source, path, { allowsPrivate, ...limits });
    return readOutside(path, limits);
  });
}

/** One that was not signed before may be signed now. Everything else that differs is somebody else until it is accepted. */
function requireSigner(
  name: string,
  signer: CatalogSigner | undefined,
  before: VendorCatalog | undefined,
  isAccepted: boolean,
): void {
  if (before?.signer === undefined || before.signer === signer?.sha256 || isAccepted) return;
  const now = signer ? `signed by ${signer.subject} (certificate SHA-256 ${signer.sha256})` : 'not signed';
  throw new AdministrationError(
    'ADMINISTRATION_CATALOG_SIGNER',
    `The catalog "${name}" is ${now} now. Before, it was signed by ${before.signerName} (certificate SHA-256 ${before.signer}). Nothing was changed. Ask the vendor. If the new one is right, run the command again with --accept-signer.`,
  );
}

function compare(catalog: VendorCatalog, read: ReadCatalog, known: readonly ListedVendorPackage[]) {
  const { name, address } = catalog;
  const report: CatalogReport = {
    ...{ name, address, signer: read.signer, signerBefore: undefined, new: 0, changed: 0, unchanged: 0, unlisted: 0 },
    ...{ expired: 0, bytes: 0, withheld: [], refused: [...read.refused], newer: [], expiredNow: [] },
  };
  const before = new Map(known.map((one) => [one.packageId, one]));
  const changed: VendorPackageChange[] = [];
  for (const one of read.packages.values()) {
    const old = before.get(one.packageId);
    if (old && old.catalog !== name) {
      const message = `Package ${one.packageId} "${one.title}" belongs to the catalog "${old.catalog}", which had it first.`;
      report.refused.push({ name: one.title, code: 'CATALOG_IDENTITY_CONFLICT', message });
      continue;
    }
    note(report, one, old);
    const isSame = old?.digest === one.digest && old.isListed && old.state === one.state && old.code === one.code;
    if (!isSame) changed.push(withPin(one, old));
  }
  // A catalog that could not be read completely does not say which packages are gone.
  const gone = known.filter((one) => one.catalog === name && one.isListed && !read.packages.has(one.packageId));
  const unlisted = read.refused.length > 0 ? [] : gone.map(({ packageId }) => packageId);
  report.unlisted = unlisted.length;
  return { report, changed, unlisted };
}

function note(report: CatalogReport, one: VendorPackageChange, old: ListedVendorPackage | undefined): void {
  const { packageId, title, code, reason: message } = one;
  if (!old) report.new++;
  else if (old.digest === one.digest && old.isListed) report.unchanged++;
  else report.changed++;
  if (one.state === 'withheld') report.withheld.push({ packageId, title, code, message });
  if (one.state === 'offered') report.bytes += one.sizeBytes;
  if (one.state === 'expired') report.expired++;
  if (old?.publishedRevision === undefined || isPublishedSo(old, one)) return;
  if (one.state === 'expired') report.expiredNow.push({ packageId, title });
  else if (one.state === 'offered') report.newer.push({ packageId, title });
}

/** Whether the newest update of it has this text. A publication that was not completed does not have it. */
function isPublishedSo({ publishedAs }: ListedVendorPackage, { digest }: VendorPackageChange): boolean {
  return publishedAs === publishedText(digest, true) || publishedAs === publishedText(digest, false);
}

/** The SHA-256 that the first download had counts as long as the package names the same file. */
function withPin(one: VendorPackageChange, old: ListedVendorPackage | undefined): VendorPackageChange {
  const isSameFile = old !== undefined && old.fileSha1 === one.fileSha1;
  return isSameFile && one.fileSha256 === undefined ? { ...one, fileSha256: old.fileSha256 } : one;
}

function noCatalog(name: string): AdministrationError {
  return new AdministrationError('SERVER_NOT_FOUND', `There is no vendor catalog "${name}".`);
}
