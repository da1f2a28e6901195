// The keys of encrypted files (MS-WSUSSS 3.1.4.18).
import { cookie } from '../soap/cookie.ts';
import { base64 } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record } from '../soap/shape.ts';
import { identity } from './messages.ts';

const fileDecryption = record({
  fileDigest: optional('FileDigest', base64),
  decryptionKey: optional('DecryptionKey', base64),
});

const updateDecryption = record({
  updateId: optional('UpdateId', identity),
  files: list('FileDecryptionData', 'ServerSyncFileDecryption', fileDecryption),
});

export const getUpdateDecryptionData = operation(
  record({ cookie: optional('cookie', cookie), updateIds: list('updateIds', 'UpdateIdentity', identity) }),
  record({
    result: optional(
      'GetUpdateDecryptionDataResult',
      record({
        updates: list('UpdateFileDecryptionData', 'ServerSyncUpdateFileDecryption', updateDecryption),
      }),
    ),
  }),
);
