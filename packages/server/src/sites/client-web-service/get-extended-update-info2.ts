// GetExtendedUpdateInfo2 (MS-WUSP 2.2.2.2.10): the same, asked for by the global identity of an update.
import { toRevisionId, toUpdateId } from '@moult/catalog';
import type { clientWebService } from '@moult/protocol/client-web-service';
import type { RequestOf, ResponseOf } from '@moult/protocol/soap';
import { SoapFault } from '../../errors.ts';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { loadFileLocations, loadUpdates, requireInfoTypes } from './extended-info.ts';

type Operation = (typeof clientWebService)['operations']['GetExtendedUpdateInfo2'];

export async function getExtendedUpdateInfo2(
  service: UpdateService,
  { offer }: Client,
  request: RequestOf<Operation>,
  contentRoot: string,
): Promise<NonNullable<ResponseOf<Operation>['result']>> {
  if (request.updateIds.length > service.config.maxExtendedUpdates)
    throw new SoapFault('InvalidParameters', 'updateIDs');
  requireInfoTypes(request);
  const { index } = service.catalog;
  const revisionIds: number[] = [];
  for (const { updateId, revisionNumber } of request.updateIds) {
    const id = toUpdateId(updateId);
    const revision = id && index.find({ updateId: id, revisionNumber });
    if (revision && offer.deploymentOf(revision.revisionId)) revisionIds.push(revision.revisionId);
  }
  const wanted = { ...request, revisionIds: [...new Set(revisionIds)] };
  const wantsFiles = request.infoTypes.includes('Extended') || request.infoTypes.includes('FileUrl');
  const locations = wantsFiles ? await loadFileLocations(service, wanted.revisionIds, contentRoot) : [];
  return {
    updates: await loadUpdates(service, wanted),
    // MS-WUSP 2.2.2.2.10: here, and only here, a location says what its digest is.
    fileLocations: locations.map((location) => ({ ...location, fileDigestAlgorithm: 'SHA1' })),
    ...(request.infoTypes.includes('FileDecryption') ? await loadKeys(service, wanted.revisionIds) : noKeys),
  };
}

const noKeys = { fileDecryptionData: [], fileDecryptionData2: [], updateEncryptionDetails: [] };

/** Newer clients read the key in FileDecryption2, others in FileDecryption. As WSUS: SecurityData is the key once more. */
async function loadKeys({ catalog, store, fileKeys }: UpdateService, revisionIds: readonly number[]) {
  const files = await store.loadFilesByRevision(revisionIds);
  const keys = await fileKeys.load([...new Set([...files.values()].flat().map(({ sha1 }) => sha1))]);
  const decryption = [...keys].flatMap(([sha1, key]) =>
    key ? [{ fileDigest: Buffer.from(sha1, 'hex'), decryptionKey: key, securityData: [key] }] : [],
  );
  const encrypted = revisionIds.filter((id) => files.get(id)?.some(({ sha1 }) => keys.has(sha1)));
  return {
    ...{ fileDecryptionData: decryption, fileDecryptionData2: decryption },
    updateEncryptionDetails: encrypted.flatMap((id) => {
      const identity = catalog.index.get(toRevisionId(id))?.summary.identity;
      return identity ? [{ updateIdentity: identity, hasEncryptedFiles: true }] : [];
    }),
  };
}
