import { cookie } from '../soap/cookie.ts';
import { base64, boolean, embedded, integer, oneOf, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record, required, type Value } from '../soap/shape.ts';
import { updateIdentity } from './refresh-cache.ts';

const xmlUpdateFragmentType = oneOf(
  'Published',
  'Core',
  'Extended',
  'VerificationRule',
  'LocalizedProperties',
  'Eula',
  'FileUrl',
  'FileDecryption',
  // The rest is in Microsoft's newer WSDL only.
  'SamplingRate',
  'PiecesHashUrl',
  'BlockMapUrl',
  'EsrpDecryptionInformation',
);
export type XmlUpdateFragmentType = Value<typeof xmlUpdateFragmentType>;

const updateData = record({ id: required('ID', integer), xml: optional('Xml', embedded) });
export type UpdateData = Value<typeof updateData>;

const fileLocation = record({
  fileDigest: optional('FileDigest', base64),
  url: optional('Url', text),
  piecesHashUrl: optional('PiecesHashUrl', text),
  blockMapUrl: optional('BlockMapUrl', text),
  decryptionInformation: optional('DecryptionInformation', text),
  fileDigestAlgorithm: optional('FileDigestAlgorithm', text),
  encryptedFileDigest: optional('EncryptedFileDigest', base64),
  encryptedFileDigestAlgorithm: optional('EncryptedFileDigestAlgorithm', text),
});
export type FileLocation = Value<typeof fileLocation>;

export const getExtendedUpdateInfo = operation(
  record({
    cookie: optional('cookie', cookie),
    revisionIds: list('revisionIDs', 'int', integer),
    infoTypes: list('infoTypes', 'XmlUpdateFragmentType', xmlUpdateFragmentType),
    locales: list('locales', 'string', text),
    deviceAttributes: optional('deviceAttributes', text),
    geoId: optional('GeoId', text),
    callerAttributes: optional('callerAttributes', text),
  }),
  record({
    result: optional(
      'GetExtendedUpdateInfoResult',
      record({
        updates: list('Updates', 'Update', updateData),
        fileLocations: list('FileLocations', 'FileLocation', fileLocation),
        outOfScopeRevisionIds: list('OutOfScopeRevisionIDs', 'int', integer),
      }),
    ),
  }),
);

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

/** Where content is now; asked after the fault FileLocationChanged. A digest is SHA-1, 20 bytes. */
export const getFileLocations = operation(
  record({ cookie: optional('cookie', cookie), fileDigests: list('fileDigests', 'base64Binary', base64) }),
  record({
    result: optional(
      'GetFileLocationsResult',
      record({
        fileLocations: list('FileLocations', 'FileLocation', fileLocation),
        newCookie: optional('NewCookie', cookie),
      }),
    ),
  }),
);
