// The messages of MS-WSUSSS that a downstream server and its upstream exchange, one shape each, for both ends. Members are in
// the order of the WSDL of the appendix, as real WSUS writes them. Microsoft's public service writes the limits of
// ServerSyncConfigData in the order of the section instead: reading takes any order.
import { cookie } from '../soap/cookie.ts';
import { base64, boolean, dateTime, guid, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, listThatMustBe, optional, record, required, type Value } from '../soap/shape.ts';

const authPlugInInfo = record({
  plugInId: optional('PlugInID', text),
  serviceUrl: optional('ServiceUrl', text),
  parameter: optional('Parameter', text),
});

export const getAuthConfig = operation(
  record({}),
  record({
    result: optional(
      'GetAuthConfigResult',
      record({
        lastChange: optional('LastChange', dateTime),
        authInfo: list('AuthInfo', 'AuthPlugInInfo', authPlugInInfo),
        allowedEventIds: list('AllowedEventIds', 'int', integer),
      }),
    ),
  }),
);

const authorizationCookie = record({
  plugInId: optional('PlugInId', text),
  cookieData: optional('CookieData', base64),
});

/** Of the service DssAuthWebService. */
export const getAuthorizationCookie = operation(
  record({
    accountName: optional('accountName', text),
    accountGuid: optional('accountGuid', text),
    programKeys: list('programKeys', 'guid', guid),
  }),
  record({ result: optional('GetAuthorizationCookieResult', authorizationCookie) }),
);

export const getCookie = operation(
  record({
    authCookies: list('authCookies', 'AuthorizationCookie', authorizationCookie),
    oldCookie: optional('oldCookie', cookie),
    protocolVersion: optional('protocolVersion', text),
  }),
  record({ result: optional('GetCookieResult', cookie) }),
);

const language = record({
  /** An LCID. 0 with the name `all` is the switch for all languages. */
  languageId: required('LanguageID', integer),
  shortLanguage: optional('ShortLanguage', text),
  longLanguage: optional('LongLanguage', text),
  enabled: expected('Enabled', boolean, false),
});

const configData = record({
  catalogOnlySync: expected('CatalogOnlySync', boolean, false),
  lazySync: expected('LazySync', boolean, false),
  serverHostsPsfFiles: expected('ServerHostsPsfFiles', boolean, false),
  maxComputerIds: expected('MaxNumberOfComputerIdsInRequest', integer, 0),
  maxDriverSets: expected('MaxNumberOfDriverSetsPerRequest', integer, 0),
  maxPnpHardwareIds: expected('MaxNumberOfPnpHardwareIdsInRequest', integer, 0),
  maxUpdates: required('MaxNumberOfUpdatesPerRequest', integer),
  newConfigAnchor: optional('NewConfigAnchor', text),
  protocolVersion: optional('ProtocolVersion', text),
  /** Only those that changed, for a caller with an anchor. */
  languages: listThatMustBe('LanguageUpdateList', 'ServerSyncLanguageData', language),
  maxDecryptionUpdates: expected('MaxUpdatesPerRequestInGetUpdateDecryptionData', integer, 0),
});
export type ServerSyncConfigData = Value<typeof configData>;

export const getConfigData = operation(
  record({ cookie: optional('cookie', cookie), configAnchor: optional('configAnchor', text) }),
  record({ result: optional('GetConfigDataResult', configData) }),
);

const idAndDelta = record({ id: required('Id', guid), delta: required('Delta', boolean) });

const filter = record({
  anchor: optional('Anchor', text),
  getConfig: required('GetConfig', boolean),
  /** Required by the schema from 1.2 on, and by Microsoft's public service. */
  get63LanguageOnly: optional('Get63LanguageOnly', boolean),
  categories: list('Categories', 'IdAndDelta', idAndDelta),
  classifications: list('Classifications', 'IdAndDelta', idAndDelta),
  languages: list(
    'Languages',
    'LanguageAndDelta',
    record({ id: required('Id', integer), delta: required('Delta', boolean) }),
  ),
});
export type ServerSyncFilter = Value<typeof filter>;

export const identity = record({
  updateId: required('UpdateID', guid),
  revisionNumber: required('RevisionNumber', integer),
});
export type ListedIdentity = Value<typeof identity>;

export const getRevisionIdList = operation(
  record({ cookie: optional('cookie', cookie), filter: optional('filter', filter) }),
  record({
    result: optional(
      'GetRevisionIdListResult',
      record({
        anchor: optional('Anchor', text),
        newRevisions: listThatMustBe('NewRevisions', 'UpdateIdentity', identity),
      }),
    ),
  }),
);

/** Asks for files that the upstream does not have itself yet. It fetches them later, and answers at once. */
export const downloadFiles = operation(
  record({ cookie: optional('cookie', cookie), fileDigestList: list('fileDigestList', 'base64Binary', base64) }),
  record({}),
);

const updateData = record({
  id: optional('Id', identity),
  /** The whole document. Exactly one of the two is there. */
  xml: optional('XmlUpdateBlob', text),
  fileDigests: list('FileDigestList', 'base64Binary', base64),
  /** A cabinet with the document in UTF-16LE. */
  compressed: optional('XmlUpdateBlobCompressed', base64),
});
export type ServerSyncUpdateData = Value<typeof updateData>;
export type ServerSyncLanguage = Value<typeof language>;

const urlData = record({
  fileDigest: optional('FileDigest', base64),
  muUrl: optional('MUUrl', text),
  ussUrl: optional('UssUrl', text),
});

export const getUpdateData = operation(
  record({ cookie: optional('cookie', cookie), updateIds: list('updateIds', 'UpdateIdentity', identity) }),
  record({
    result: optional(
      'GetUpdateDataResult',
      record({
        updates: list('updates', 'ServerSyncUpdateData', updateData),
        fileUrls: list('fileUrls', 'ServerSyncUrlData', urlData),
      }),
    ),
  }),
);
