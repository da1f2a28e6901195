// moult catalog add, update, remove, vendors, packages: catalogs of third parties.
import { toPageRequest } from '@moult/administration';
import type { CatalogReport } from '@moult/administration/vendors';
import { visibleText } from '@moult/formats/text';
import { type CountedVendorCatalog, type ListedVendorPackage, limitHeapGrowth, pageOf } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, listDocument, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { type AdministrationFlags, type ServerOptions, withServer, withServerOptions } from '../server-flags.ts';
import { administer, withLog } from '../server-options.ts';
import { exitCode } from '../terminal.ts';

interface AddFlags extends AdministrationFlags {
  name?: string;
  acceptSigner?: true;
  allowPrivate?: true;
  dryRun?: true;
}

interface PackageFlags extends ServerOptions, ListFlags {
  catalog?: string;
  search?: string;
}

const catalogColumns: readonly Column<CountedVendorCatalog>[] = [
  { name: 'name', cell: ({ name }) => name },
  { name: 'packages', cell: ({ packages }) => packages },
  { name: 'withheld', cell: ({ withheld }) => withheld },
  { name: 'published', cell: ({ published }) => published },
  { name: 'updated', cell: ({ updatedAt }) => updatedAt },
  { name: 'signer', cell: ({ signerName }) => signerName ?? 'not signed' },
  { name: 'certificate', cell: ({ signer }) => signer ?? '', isExtra: true },
  { name: 'address', cell: ({ address }) => address, isExtra: true },
];

const packageColumns: readonly Column<ListedVendorPackage>[] = [
  { name: 'id', cell: ({ packageId }) => packageId },
  { name: 'state', cell: stateOf },
  { name: 'restart', cell: ({ reboot }) => reboot },
  { name: 'classification', cell: ({ classification }) => classification },
  { name: 'title', cell: ({ title }) => title },
  { name: 'catalog', cell: ({ catalog }) => catalog, isExtra: true },
  { name: 'vendor', cell: ({ vendor }) => vendor, isExtra: true },
  { name: 'product', cell: ({ product }) => product, isExtra: true },
  { name: 'bytes', cell: ({ sizeBytes }) => sizeBytes, isExtra: true },
  { name: 'reason', cell: ({ code, reason }) => (code === '' ? '' : `${code}: ${reason}`), isExtra: true },
];

/** Adds the commands to `moult catalog`. */
export function registerVendors(catalog: Command): void {
  withReading(
    withServerOptions(catalog.command('add').argument('<source>', 'file (.cab, .zip, .sdp), or address (http, https)')),
  )
    .description(
      "add a vendor's catalog of updates (SDP), or read it again. Computers get nothing before you approve a package",
    )
    .option('--name <name>', 'name of the catalog. Without it, Moult takes the name of the file')
    .option('--allow-private', 'allow addresses of a private network for this catalog and its files')
    .action(runAdd);
  withReading(
    withServerOptions(catalog.command('update').argument('[names...]', 'names of catalogs. Without a name, all')),
  )
    .description('read the catalogs of vendors again')
    .action(runUpdate);
  withServerOptions(catalog.command('remove').argument('<name>', 'name of the catalog'))
    .description("remove a vendor's catalog. Updates that you published from it stay")
    .action(runRemove);
  withList(withServer(catalog.command('vendors')), { limit: 1000, columns: catalogColumns })
    .description('list the catalogs of vendors')
    .option('--json', 'print one JSON document')
    .action(runVendors);
  withList(withServer(catalog.command('packages')), { limit: 1000, columns: packageColumns })
    .description('list the packages in the catalogs of vendors')
    .option('--catalog <name>', 'only packages of this catalog')
    .option('--search <text>', 'only packages with this text in the title')
    .option('--json', 'print one JSON document')
    .action(runPackages);
}

function withReading(command: Command): Command {
  return command
    .option('--accept-signer', 'accept that another certificate signed the catalog than before')
    .option('--dry-run', 'show the changes, and change nothing');
}

/** The code that reads and publishes packages is large. Other commands of `moult catalog` do not need it. */
const loadVendors = () => import('@moult/administration/vendors');

async function runAdd(source: string, { name, acceptSigner, allowPrivate, dryRun, ...flags }: AddFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const { addVendorCatalog } = await loadVendors();
  const report = await administer(flags, (administration) =>
    withLog(administration, (log) =>
      addVendorCatalog(administration, source, { name, acceptSigner, allowPrivate, dryRun }, log),
    ),
  );
  present(report, flags, () => linesOf(report, dryRun ?? false));
  if (report.refused.length > 0) process.exitCode = exitCode.findings;
}

async function runUpdate(names: string[], { acceptSigner, dryRun, ...flags }: AddFlags): Promise<void> {
  limitHeapGrowth({ isSmall: true });
  const { updateVendorCatalogs } = await loadVendors();
  const reports = await administer(flags, (administration) =>
    withLog(administration, (log) => updateVendorCatalogs(administration, names, { acceptSigner, dryRun }, log)),
  );
  present(listDocument(wholeList(reports)), flags, ({ items }) =>
    items.length === 0 ? ['There are no catalogs of vendors.'] : items.flatMap((one) => linesOf(one, dryRun ?? false)),
  );
  if (reports.some(({ refused }) => refused.length > 0)) process.exitCode = exitCode.findings;
}

async function runRemove(name: string, flags: AdministrationFlags): Promise<void> {
  const { removeVendorCatalog } = await loadVendors();
  await administer(flags, (administration) => removeVendorCatalog(administration, name));
  present({ name, isRemoved: true }, flags, () => [
    `Removed the catalog "${name}". Updates that were published from it stay.`,
  ]);
}

async function runVendors(flags: ServerOptions & ListFlags): Promise<void> {
  const { listVendorCatalogs } = await loadVendors();
  const all = await administer(flags, listVendorCatalogs);
  const { limit, cursor } = flags;
  const page = pageOf('vendors', all, toPageRequest({ limit, cursor }), ({ name }) => name);
  showList(page, flags, catalogColumns, ['catalog', 'catalogs']);
}

async function runPackages({ catalog, search, ...flags }: PackageFlags): Promise<void> {
  const { listVendorPackages } = await loadVendors();
  const all = await administer(flags, (administration) => listVendorPackages(administration, { catalog, search }));
  const { limit, cursor } = flags;
  const page = pageOf('packages', all, toPageRequest({ limit, cursor }), ({ packageId }) => packageId);
  showList(page, flags, packageColumns, ['package', 'packages']);
}

function stateOf({ state, isListed, publishedRevision }: ListedVendorPackage): string {
  const published = publishedRevision === undefined ? '' : 'published, ';
  return `${published}${isListed ? state : 'gone'}`;
}

const shownOfEach = 20;

function linesOf(report: CatalogReport, isDry: boolean): string[] {
  const { name, signer, signerBefore, withheld, refused, newer, expiredNow } = report;
  const sums = `${report.new} new, ${report.changed} changed, ${report.unchanged} unchanged, ${report.unlisted} gone, ${report.expired} expired`;
  const gigabytes = (report.bytes / 1e9).toFixed(1);
  return [
    `${isDry ? 'would read' : 'read'} catalog "${name}": ${sums}. Files of all packages: ${gigabytes} GB.`,
    signer ? `signed by ${signer.subject} (certificate SHA-256 ${signer.sha256})` : 'not signed',
    ...(signerBefore === undefined ? [] : [`Before, it was: ${signerBefore}`]),
    ...some(
      withheld,
      ({ title, packageId, code, message }) => `withheld "${title}" (${packageId}): ${code}: ${message}`,
    ),
    ...some(refused, (one) => `refused ${one.name}: ${one.code}: ${one.message}`),
    ...some(newer, ({ title, packageId }) => `newer than published: "${title}" (${packageId}). Approve it again.`),
    ...some(expiredNow, ({ title, packageId }) => `expired by the vendor, and declined: "${title}" (${packageId})`),
  ].map(visibleText);
}

function some<Item>(items: readonly Item[], line: (item: Item) => string): string[] {
  const left = items.length - shownOfEach;
  return [...items.slice(0, shownOfEach).map(line), ...(left > 0 ? [`… and ${left} more. All of them: --json`] : [])];
}
