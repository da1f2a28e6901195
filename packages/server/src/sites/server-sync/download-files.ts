// DownloadFiles (MS-WSUSSS 3.1.4.11): a downstream server needs files that are not here yet. They are fetched later.
import { downstreamBounds } from '../../downstream-bounds.ts';
import { SoapFault } from '../../errors.ts';
import type { UpdateService } from '../../update-service/update-service.ts';

export async function downloadFiles(
  { store, requestFile }: Pick<UpdateService, 'store' | 'requestFile'>,
  digests: readonly Uint8Array[],
): Promise<void> {
  if (digests.length === 0 || digests.length > downstreamBounds.maxDigests)
    throw new SoapFault('InvalidParameters', 'fileDigestList');
  const named = new Map(digests.map((digest) => [Buffer.from(digest).toString('hex'), digest]));
  const known = await store.findFiles([...named.keys()]);
  const unknown = [...named].filter(([sha1]) => !known.has(sha1));
  if (unknown.length > 0) {
    const missing = unknown.map(([, digest]) => Buffer.from(digest).toString('base64'));
    throw new SoapFault('FileDigestsMissing', missing.join('|'));
  }
  for (const sha1 of named.keys()) {
    if ((await store.findContentFile(sha1))?.state !== 'present') requestFile(sha1);
  }
}
