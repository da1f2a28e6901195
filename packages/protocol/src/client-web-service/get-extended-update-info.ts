import { cookie } from '../soap/cookie.ts';
import { base64, embedded, integer, oneOf, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record, required, type Value } from '../soap/shape.ts';

export const xmlUpdateFragmentType = oneOf(
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

export const updateData = record({ id: required('ID', integer), xml: optional('Xml', embedded) });
export type UpdateData = Value<typeof updateData>;

export const fileLocation = record({
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
