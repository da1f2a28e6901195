// GetUpdateData (MS-WSUSSS 3.1.4.6): whole documents, the digests of their files, and the publisher's addresses.
import type { CatalogIndex, IndexedRevision, UpdateId } from '@moult/catalog';
import type { ListedIdentity, ServerSyncUpdateData } from '@moult/protocol/server-sync';
import type { Store } from '@moult/store';
import { downstreamBounds } from '../../downstream-bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { PackedUpdates } from './packed-updates.ts';

interface UpdateData {
  updates: ServerSyncUpdateData[];
  fileUrls: { fileDigest: Uint8Array; muUrl?: string; ussUrl: string }[];
}

interface Sources {
  index: CatalogIndex;
  packed: PackedUpdates;
  store: Pick<Store, 'findContentSources'>;
}

/** Of many large documents the first: the caller asks again for the others. */
export async function getUpdateData(sources: Sources, identities: readonly ListedIdentity[]): Promise<UpdateData> {
  const revisions = requireRevisions(sources.index, identities);
  const updates: ServerSyncUpdateData[] = [];
  const files = new Set<string>();
  let bytes = 0;
  for (const { revisionId, summary } of revisions) {
    if (bytes >= downstreamBounds.answerBytes) break;
    const item = await sources.packed.load(revisionId);
    if (!item) throw missing([summary.identity], identities.length);
    const { xml, compressed } = item;
    bytes += (xml?.length ?? 0) + Math.ceil((compressed?.length ?? 0) / 3) * 4;
    for (const sha1 of item.files) files.add(sha1);
    updates.push({
      id: summary.identity,
      ...(xml !== undefined && { xml }),
      fileDigests: item.files.map(bytesOf),
      ...(compressed && { compressed }),
    });
  }
  const addresses = await sources.store.findContentSources([...files]);
  const fileUrls = [...files].map((sha1) => {
    const muUrl = addresses.get(sha1);
    return { fileDigest: bytesOf(sha1), ...(muUrl !== undefined && { muUrl }), ussUrl: '' };
  });
  return { updates, fileUrls };
}

/** The revisions with these names. Throws InvalidParameters, and InternalServerError if one is not here. */
export function requireRevisions(index: CatalogIndex, identities: readonly ListedIdentity[]): IndexedRevision[] {
  if (identities.length === 0 || identities.length > downstreamBounds.maxUpdates)
    throw new SoapFault('InvalidParameters', 'updateIds');
  const found = identities.map(({ updateId, revisionNumber }) =>
    index.find({ updateId: updateId as UpdateId, revisionNumber }),
  );
  const unknown = identities.filter((_, at) => !found[at]);
  if (unknown.length > 0) throw missing(unknown, identities.length);
  return found.filter((one) => one !== undefined);
}

/** As real WSUS. Its message is that of Microsoft's public service, so that the caller may leave these out. */
function missing(unknown: readonly ListedIdentity[], asked: number): SoapFault {
  const names = unknown.map(({ updateId, revisionNumber }) => `${updateId}.${revisionNumber}`).join(', ');
  const counts = `Requested ${asked} returned ${asked - unknown.length}`;
  return new SoapFault('InternalServerError', `${counts} (test content removed: 0). Missing Revisions: ${names}`);
}

function bytesOf(sha1: string): Uint8Array {
  return Buffer.from(sha1, 'hex');
}
