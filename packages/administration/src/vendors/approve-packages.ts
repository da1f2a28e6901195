// Approvals of what may still be a package of a vendor's catalog: it is published first.
import type { Reach } from '@moult/catalog/reach';
import type { Log } from '@moult/store';
import { type Approved, approveAll } from '../approvals.ts';
import type { Administration } from '../open-server.ts';
import { requireAutonomous } from '../role.ts';
import { findPackage } from './find-package.ts';
import { contentOf, type PublishedPackage, publishVendorPackage, requirePackage } from './publish-package.ts';
import { publishedText } from './published-text.ts';
import { reachError, reachesAll, reachOfPackage } from './reach.ts';

interface ApprovePackagesOptions {
  /** Opens the log of the server for as long as the work takes: only when something is published. */
  withLog<Result>(work: (log: Log) => Promise<Result>): Promise<Result>;
  /** A package whose rules fit every computer is meant. */
  allowAll?: boolean | undefined;
  filesFrom?: string | undefined;
  /** Told the reach of all packages before the first of them is fetched. */
  onReach?: ((packages: readonly PackageReach[]) => void) | undefined;
  onProgress?: ((title: string, bytes: number, of: number) => void) | undefined;
}

export interface PackageReach {
  packageId: string;
  title: string;
  reach: Reach;
}

interface ApprovedPackages {
  approved: Approved[];
  published: (PublishedPackage & { reach: Reach | undefined })[];
}

/**
 * As approveAll, of updates and of packages in vendors' catalogs: those that are not published yet are fetched and published
 * first, for detect-only without their file. Throws as approveAll and publishVendorPackage do, and ADMINISTRATION_REACHES_ALL
 * for a package that fits every computer, before anything is fetched.
 */
export async function approveWithPackages(
  administration: Administration,
  updates: readonly string[],
  approval: Parameters<typeof approveAll>[2],
  options: ApprovePackagesOptions,
): Promise<ApprovedPackages> {
  const { action } = approval;
  await requireAutonomous(administration);
  const ids: string[] = [];
  const wanted = new Set<string>();
  const installs = action === 'Install' || action === 'OptionalInstall';
  for (const update of updates) {
    const found = await findPackage(administration.store, update);
    ids.push(found?.packageId ?? update);
    const needs = found && (installs || (action === 'PreDeploymentCheck' && found.publishedRevision === undefined));
    if (needs) wanted.add(found.packageId);
  }
  const reaches = await inspect(administration, wanted, options.allowAll ?? false);
  if (reaches.length > 0) options.onReach?.(reaches);
  const published = wanted.size === 0 ? [] : await options.withLog((log) => publishAll(log));
  return { approved: await approveAll(administration, ids, approval), published };

  async function publishAll(log: Log): Promise<ApprovedPackages['published']> {
    const done: ApprovedPackages['published'] = [];
    const { filesFrom, onProgress } = options;
    for (const packageId of wanted) {
      const { reach, title = '' } = reaches.find((one) => one.packageId === packageId) ?? {};
      const tell = onProgress && ((bytes: number, of: number) => onProgress(title, bytes, of));
      const how = { withContent: installs, log, filesFrom, onProgress: tell };
      done.push({ ...(await publishVendorPackage(administration, packageId, how)), reach });
    }
    return done;
  }
}

/** Looks at every package before the first is fetched. One that is published with its file was looked at then. */
async function inspect(
  administration: Administration,
  ids: ReadonlySet<string>,
  allowAll: boolean,
): Promise<PackageReach[]> {
  if (ids.size === 0) return [];
  const systems = await administration.store.readSystems();
  const found: PackageReach[] = [];
  for (const packageId of ids) {
    const row = await requirePackage(administration, packageId);
    if (row.publishedAs === publishedText(row.digest, true)) continue;
    const reach = reachOfPackage(contentOf(row).publication, systems);
    if (reachesAll(reach) && !allowAll) throw reachError(row.title, reach);
    found.push({ packageId, title: row.title, reach });
  }
  return found;
}
