// GetRevisionIdList (MS-WSUSSS 3.1.4.5): the revisions that a downstream server does not know yet.
import type { ServerSyncFilter } from '@moult/protocol/server-sync';
import { downstreamBounds } from '../../downstream-bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';
import { readAnchor, writeAnchor } from './anchors.ts';
import type { RevisionLists } from './revision-lists.ts';

interface RevisionIdList {
  anchor: string;
  newRevisions: { updateId: string; revisionNumber: number }[];
}

export function getRevisionIdList(
  { now }: Pick<UpdateService, 'now'>,
  lists: RevisionLists,
  filter: ServerSyncFilter | undefined,
): RevisionIdList {
  if (!filter) throw new SoapFault('InvalidParameters', 'filter');
  const since = knownBefore(lists, filter.anchor, 'filter');
  const last = lists.last();
  const found = filter.getConfig
    ? lists.configuration(since)
    : lists.updates({
        since,
        categories: wantedIds(filter.categories),
        classifications: wantedIds(filter.classifications),
      });
  if (found.length > downstreamBounds.maxListed || filter.languages.length > downstreamBounds.maxFilterIds)
    throw new SoapFault('InvalidParameters', 'filter');
  const at = Math.max(now().getTime(), last?.addedAt ?? 0);
  return {
    anchor: writeAnchor(last?.revisionId ?? 0, at),
    newRevisions: found.map(({ summary }) => summary.identity),
  };
}

/**
 * The last revision that the caller knows, by its anchor. Throws ServerChanged for an anchor that this server did not give:
 * one of another server, or of before a restore.
 */
export function knownBefore(lists: RevisionLists, anchor: string | undefined, parameter: string): number {
  const last = readAnchor(anchor, parameter);
  if (!last || last.counted === 0) return 0;
  const revision = lists.find(last.counted);
  if (!revision || revision.addedAt > last.at) throw new SoapFault('ServerChanged', '');
  return last.counted;
}

/** Of an id that is named twice all is wanted, if it is wanted once. */
function wantedIds(ids: ServerSyncFilter['categories']): Map<string, boolean> {
  if (ids.length > downstreamBounds.maxFilterIds) throw new SoapFault('InvalidParameters', 'filter');
  const wanted = new Map<string, boolean>();
  for (const { id, delta } of ids) wanted.set(id, delta && wanted.get(id) !== false);
  return wanted;
}
