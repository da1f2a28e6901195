// SyncPrinterCatalog (MS-WUSP 3.1.5.12), the Add Printer wizard's call. The same answer as SyncUpdates. The anchors in the
// cookie stay, because a wizard sees a part of what the passes of a scan see.
import type { RevisionId } from '@moult/catalog';
import type { clientWebService, SyncInfo } from '@moult/protocol/client-web-service';
import type { RequestOf } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { describeSync } from './update-page.ts';

type Operation = (typeof clientWebService)['operations']['SyncPrinterCatalog'];

export async function syncPrinterCatalog(
  service: UpdateService,
  { claims, offer }: Client,
  { installedNonLeafUpdateIds, printerUpdateIds }: RequestOf<Operation>,
): Promise<SyncInfo> {
  if (installedNonLeafUpdateIds.length > service.config.maxInstalledIds) {
    throw new SoapFault('InvalidParameters', 'installedNonLeafUpdateIDs');
  }
  const decision = offer.syncPrinters({
    installedNonLeaf: installedNonLeafUpdateIds as RevisionId[],
    cachedPrinters: printerUpdateIds as RevisionId[],
    maxNew: service.config.maxUpdatesPerSync,
    ...(claims.driverAnchor !== undefined && { anchor: claims.driverAnchor }),
  });
  const { driverSyncNotNeeded: _, ...answer } = await describeSync(service, decision, claims);
  return answer;
}
