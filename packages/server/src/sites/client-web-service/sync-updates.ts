// SyncUpdates (MS-WUSP 3.1.5.7). The catalog decides. This file checks the request, adds the fragments of the updates,
// and cuts the page at the largest answer.
import type { RevisionId, UpdateId } from '@moult/catalog';
import type { SyncInfo, SyncUpdateParameters } from '@moult/protocol/client-web-service';
import { SoapFault } from '../../errors.ts';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { syncDrivers } from './sync-drivers.ts';
import { describeSync, knowsCategoryScans } from './update-page.ts';

export async function syncUpdates(
  service: UpdateService,
  { claims, offer }: Client,
  parameters: SyncUpdateParameters | undefined,
): Promise<SyncInfo> {
  const request = checked(service, parameters);
  service.contacts.note(claims.computerId, 'synced');
  if (request.skipSoftwareSync) return syncDrivers(service, { claims, offer }, request);
  const decision = offer.sync({
    installedNonLeaf: request.installedNonLeafUpdateIds as RevisionId[],
    otherCached: request.otherCachedUpdateIds as RevisionId[],
    filterCategoryIds: request.filterCategoryIds.map(({ id }) => id as UpdateId),
    needTwoGroupOutOfScope: request.needTwoGroupOutOfScopeUpdates === true && knowsCategoryScans(claims),
    maxNew: service.config.maxUpdatesPerSync,
    ...(claims.anchor !== undefined && { anchor: claims.anchor }),
  });
  return describeSync(service, decision, { ...claims, anchor: decision.anchor });
}

function checked({ config }: UpdateService, parameters: SyncUpdateParameters | undefined): SyncUpdateParameters {
  if (!parameters) throw new SoapFault('InvalidParameters', 'parameters');
  // Entries count, not distinct ids: so does real WSUS with its 400.
  if (parameters.installedNonLeafUpdateIds.length > config.maxInstalledIds) {
    throw new SoapFault('InvalidParameters', 'parameters.InstalledNonLeafUpdateIDs');
  }
  if (!parameters.skipSoftwareSync && parameters.systemSpec.length > 0) {
    throw new SoapFault('InvalidParameters', 'parameters.SystemSpec');
  }
  return parameters;
}
