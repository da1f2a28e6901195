import { cookie } from '../soap/cookie.ts';
import { base64, boolean, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record, required } from '../soap/shape.ts';
import { fileLocation, updateData, xmlUpdateFragmentType } from './get-extended-update-info.ts';
import { updateIdentity } from './refresh-cache.ts';

const fileDecryption = record({
  fileDigest: optional('FileDigest', base64),
  decryptionKey: optional('DecryptionKey', base64),
  securityData: list('SecurityData', 'base64Binary', base64),
});

/** As GetExtendedUpdateInfo, but keyed by what an update is called everywhere. */
export const getExtendedUpdateInfo2 = operation(
  record({
    cookie: optional('cookie', cookie),
    updateIds: list('updateIDs', 'UpdateIdentity', updateIdentity),
    infoTypes: list('infoTypes', 'XmlUpdateFragmentType', xmlUpdateFragmentType),
    locales: list('locales', 'string', text),
    deviceAttributes: optional('deviceAttributes', text),
    callerAttributes: optional('callerAttributes', text),
  }),
  record({
    result: optional(
      'GetExtendedUpdateInfo2Result',
      record({
        updates: list('Updates', 'Update', updateData),
        fileLocations: list('FileLocations', 'FileLocation', fileLocation),
        fileDecryptionData: list('FileDecryptionData', 'FileDecryption', fileDecryption),
        fileDecryptionData2: list('FileDecryptionData2', 'FileDecryption2', fileDecryption),
        updateEncryptionDetails: list(
          'UpdateEncryptionDetails',
          'UpdateEncryptionDetail',
          record({
            updateIdentity: required('UpdateIdentity', updateIdentity),
            hasEncryptedFiles: required('HasEncryptedFiles', boolean),
          }),
        ),
      }),
    ),
  }),
);
