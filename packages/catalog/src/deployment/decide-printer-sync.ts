// SyncPrinterCatalog (MS-WUSP 3.1.5.12): every printer driver that the Add Printer wizard may offer. No device is
// named, so nothing is ranked: of what is deployed, drivers of class Printer whose prerequisites are met.
import type { CatalogIndex, IndexedRevision } from '../graph/index.ts';
import type { RevisionId } from '../ids.ts';
import { type DriverSyncDecision, sortDrivers } from './decide-driver-sync.ts';
import { installedUpdates, scopeOf } from './decide-sync.ts';
import type { DeploymentSet } from './deployment-set.ts';

export interface PrinterSyncRequest {
  installedNonLeaf: readonly RevisionId[];
  /** printerUpdateIDs: the printer drivers that the client holds. */
  cachedPrinters: readonly RevisionId[];
  anchor?: number;
  maxNew: number;
}

/** The answer to the wizard. One look at each update, which a person waits for once. */
export function decidePrinterSync(
  index: CatalogIndex,
  deployments: DeploymentSet,
  request: PrinterSyncRequest,
): DriverSyncDecision {
  const scope = scopeOf(index, deployments);
  index.prerequisites.satisfiedBy(installedUpdates(index, request.installedNonLeaf));
  const needed = new Map<IndexedRevision, Set<string>>();
  for (const { revisions } of index.updates()) {
    for (const revision of revisions) {
      const printers = revision.summary.drivers.filter(({ driverClass }) => isPrinterClass(driverClass));
      if (printers.length === 0 || !scope.has(revision.slot)) continue;
      if (!index.prerequisites.isSatisfied(revision.signature.id)) continue;
      needed.set(revision, new Set(printers.map(({ hardwareId }) => hardwareId)));
    }
  }
  return sortDrivers(index, scope, needed, {
    ...request,
    cachedDrivers: request.cachedPrinters,
    needTwoGroupOutOfScope: false,
  });
}

/** Written as a name (Printer, Printers) or as the GUID of the setup class. */
function isPrinterClass(driverClass: string): boolean {
  return /^(printers?|\{?4d36e979-e325-11ce-bfc1-08002be10318\}?)$/i.test(driverClass.trim());
}
