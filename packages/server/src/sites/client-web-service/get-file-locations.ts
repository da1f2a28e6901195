// GetFileLocations (MS-WUSP 3.1.5.10): where content is now. Asked after the fault FileLocationChanged.

import type { clientWebService } from '@moult/protocol/client-web-service';
import type { RequestOf, ResponseOf } from '@moult/protocol/soap';
import { callBounds } from '../../bounds.ts';
import { SoapFault } from '../../errors.ts';
import { type Client, type UpdateService, wireCookie } from '../../update-service/update-service.ts';
import { locationsOf } from './extended-info.ts';

type Operation = (typeof clientWebService)['operations']['GetFileLocations'];

const sha1Bytes = 20;

export async function getFileLocations(
  service: UpdateService,
  { claims }: Client,
  { fileDigests }: RequestOf<Operation>,
  contentRoot: string,
): Promise<NonNullable<ResponseOf<Operation>['result']>> {
  const count = fileDigests.length;
  if (count === 0 || count > callBounds.maxDigests || fileDigests.some((digest) => digest.length !== sha1Bytes)) {
    throw new SoapFault('InvalidParameters', 'fileDigests');
  }
  const asked = [...new Set(fileDigests.map((digest) => Buffer.from(digest).toString('hex')))];
  const files = await service.store.findFiles(asked);
  const known = asked.flatMap((sha1) => {
    const file = files.get(sha1);
    return file ? [{ sha1, fileName: file.fileName }] : [];
  });
  return {
    fileLocations: await locationsOf(service, known, contentRoot),
    newCookie: wireCookie(service, claims),
  };
}
