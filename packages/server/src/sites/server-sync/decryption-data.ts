// GetUpdateDecryptionData (MS-WSUSSS 3.1.4.18): the files of revisions, with the keys of those that are encrypted.
import type { ListedIdentity } from '@moult/protocol/server-sync';
import type { UpdateService } from '../../update-service/update-service.ts';
import { requireRevisions } from './update-data.ts';

interface UpdateKeys {
  updateId: ListedIdentity;
  files: { fileDigest: Uint8Array; decryptionKey?: Uint8Array }[];
}

/** A key that is not here is left out: its caller asks again after its next synchronisation. */
export async function getDecryptionData(
  { catalog, store, fileKeys }: UpdateService,
  identities: readonly ListedIdentity[],
): Promise<UpdateKeys[]> {
  const revisions = requireRevisions(catalog.index, identities);
  const files = await store.loadFilesByRevision(revisions.map(({ revisionId }) => revisionId));
  const keys = await fileKeys.load([...files.values()].flat().map(({ sha1 }) => sha1));
  return revisions.map(({ revisionId, summary }) => ({
    updateId: summary.identity,
    files: (files.get(revisionId) ?? []).map(({ sha1 }) => {
      const decryptionKey = keys.get(sha1);
      return { fileDigest: Buffer.from(sha1, 'hex'), ...(decryptionKey && { decryptionKey }) };
    }),
  }));
}
