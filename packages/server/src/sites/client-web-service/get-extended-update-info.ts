// GetExtendedUpdateInfo (MS-WUSP 3.1.5.9): the facts that an agent needs to show and to fetch the updates that apply to it.
import type { RevisionId } from '@moult/catalog';
import type { clientWebService } from '@moult/protocol/client-web-service';
import type { RequestOf, ResponseOf } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { loadFileLocations, loadUpdates, requireInfoTypes } from './extended-info.ts';

type Operation = (typeof clientWebService)['operations']['GetExtendedUpdateInfo'];

export async function getExtendedUpdateInfo(
  service: UpdateService,
  { offer }: Client,
  request: RequestOf<Operation>,
  contentRoot: string,
): Promise<NonNullable<ResponseOf<Operation>['result']>> {
  if (request.revisionIds.length > service.config.maxExtendedUpdates) {
    throw new SoapFault('InvalidParameters', 'revisionIDs');
  }
  requireInfoTypes(request);
  const asked = [...new Set(request.revisionIds)];
  const isDeployed = (id: number) => offer.deploymentOf(id as RevisionId) !== undefined;
  const wanted = { ...request, revisionIds: asked.filter(isDeployed) };
  return {
    updates: await loadUpdates(service, wanted),
    fileLocations: request.infoTypes.includes('Extended')
      ? await loadFileLocations(service, wanted.revisionIds, contentRoot)
      : [],
    outOfScopeRevisionIds: asked.filter((id) => !isDeployed(id)),
  };
}
