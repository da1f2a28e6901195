// Reporting (MS-WUSP 2.2.2.3, 3.1.5.12-14): what happened on a client.
import { cookie } from '../soap/cookie.ts';
import { base64, boolean, dateTime, guid, integer, oneOf, text } from '../soap/scalars.ts';
import { operation, type Service } from '../soap/service.ts';
import { list, optional, record, required, type Value } from '../soap/shape.ts';

const detailedVersion = record({
  major: required('Major', integer),
  minor: required('Minor', integer),
  build: required('Build', integer),
  revision: required('Revision', integer),
  servicePackMajor: required('ServicePackMajor', integer),
  servicePackMinor: required('ServicePackMinor', integer),
});

const basicData = record({
  targetId: optional('TargetID', record({ sid: optional('Sid', text) })),
  sequenceNumber: required('SequenceNumber', integer),
  timeAtTarget: required('TimeAtTarget', dateTime),
  eventInstanceId: required('EventInstanceID', guid),
  namespaceId: required('NamespaceID', integer),
  eventId: required('EventID', integer),
  sourceId: required('SourceID', integer),
  updateId: optional(
    'UpdateID',
    record({ updateId: required('UpdateID', guid), revisionNumber: required('RevisionNumber', integer) }),
  ),
  win32HResult: required('Win32HResult', integer),
  appName: optional('AppName', text),
});

const extendedData = record({
  replacementStrings: list('ReplacementStrings', 'string', text),
  miscData: list('MiscData', 'string', text),
  computerBrand: optional('ComputerBrand', text),
  computerModel: optional('ComputerModel', text),
  biosRevision: optional('BiosRevision', text),
  processorArchitecture: required(
    'ProcessorArchitecture',
    oneOf('Unknown', 'X86Compatible', 'IA64Compatible', 'Amd64Compatible', 'ArmCompatible', 'Arm64Compatible'),
  ),
  osVersion: required('OSVersion', detailedVersion),
  osLocaleId: required('OSLocaleID', integer),
  deviceId: optional('DeviceID', text),
});

const reportingEvent = record({
  basicData: optional('BasicData', basicData),
  extendedData: optional('ExtendedData', extendedData),
  privateData: optional(
    'PrivateData',
    record({ computerDnsName: optional('ComputerDnsName', text), userAccountName: optional('UserAccountName', text) }),
  ),
});
export type ReportingEvent = Value<typeof reportingEvent>;

const operations = {
  ReportEventBatch: operation(
    record({
      cookie: optional('cookie', cookie),
      clientTime: required('clientTime', dateTime),
      eventBatch: list('eventBatch', 'ReportingEvent', reportingEvent),
    }),
    record({ result: required('ReportEventBatchResult', boolean) }),
  ),
  ReportEventBatch2: operation(
    record({
      computerId: optional('computerId', text),
      clientTime: required('clientTime', dateTime),
      eventBatch: list('eventBatch', 'ReportingEvent', reportingEvent),
    }),
    record({ result: required('ReportEventBatch2Result', boolean) }),
  ),
  GetRequiredInventoryType: operation(
    record({
      cookie: optional('cookie', cookie),
      rulesId: required('rulesId', guid),
      rulesVersion: optional('rulesVersion', text),
    }),
    record({ result: required('GetRequiredInventoryTypeResult', integer) }),
  ),
  ReportInventory: operation(
    record({
      cookie: optional('cookie', cookie),
      clientTime: required('clientTime', dateTime),
      inventory: optional(
        'inventory',
        record({
          isCompressed: required('IsCompressed', boolean),
          rawXml: optional('RawXml', text),
          compressedXml: optional('CompressedXml', base64),
        }),
      ),
    }),
    record({ result: required('ReportInventoryResult', boolean) }),
  ),
};

export const reporting: Service<typeof operations> = {
  namespace: 'http://www.microsoft.com/SoftwareDistribution',
  // Agents post to the first; the WSDL and the examples of the specification name the second.
  paths: ['/ReportingWebService/ReportingWebService.asmx', '/ReportingWebService/WebService.asmx'],
  envelope: 'soap',
  operations,
};
