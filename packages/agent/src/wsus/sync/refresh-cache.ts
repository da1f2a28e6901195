import { type Cookie, clientWebService } from '@moult/protocol/client-web-service';
import type { WebServices } from '../web-services.ts';
import { identityKey } from './evaluate.ts';
import type { UpdateCache } from './update-cache.ts';

/**
 * RefreshCache (MS-WUSP 3.1.5.8): asks what the cached revisions are called now. A revision without a name is
 * forgotten.
 */
export async function refreshCache(services: WebServices, cache: UpdateCache, cookie: Cookie): Promise<void> {
  const revisions = cache.all();
  if (revisions.length === 0) return;
  const { results } = await services.call(clientWebService, 'RefreshCache', {
    cookie,
    globalIds: revisions.map(({ core }) => core.identity),
  });
  const byIdentity = new Map(
    results.flatMap((result) => (result.globalId ? [[identityKey(result.globalId), result]] : [])),
  );
  cache.renumber(
    new Map(
      revisions.flatMap(({ revisionId, core }) => {
        const now = byIdentity.get(identityKey(core.identity));
        return now
          ? [[revisionId, { revisionId: now.revisionId, isLeaf: now.isLeaf, deployment: now.deployment }]]
          : [];
      }),
    ),
  );
  cache.save();
}
