// RefreshCache (MS-WUSP 3.1.5.8): after ServerChanged or InvalidCookie a client asks for the new ids of what it holds.
import { toUpdateId } from '@moult/catalog';
import type { RefreshCacheResult } from '@moult/protocol/client-web-service';
import { SoapFault } from '../../errors.ts';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { wireDeployment } from './wire-deployment.ts';

/** Bundle members are left out, as real WSUS does (captures): the client fetches them again with their bundle. */
export function refreshCache(
  { catalog }: UpdateService,
  { claims, offer }: Client,
  globalIds: readonly { updateId: string; revisionNumber: number }[] | undefined,
): RefreshCacheResult[] {
  if (!globalIds) throw new SoapFault('InvalidParameters', 'globalIDs');
  const results = new Map<number, RefreshCacheResult>();
  for (const { updateId, revisionNumber } of globalIds) {
    const id = toUpdateId(updateId);
    const revision = id && catalog.index.find({ updateId: id, revisionNumber });
    const deployed = revision && offer.deploymentOf(revision.revisionId);
    if (!deployed || deployed.deployment.action === 'Bundle') continue;
    results.set(deployed.revisionId, {
      revisionId: deployed.revisionId,
      globalId: { updateId, revisionNumber },
      isLeaf: deployed.isLeaf,
      deployment: wireDeployment(deployed.deployment, claims.protocolVersion),
    });
  }
  return [...results.values()];
}
