import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, guid, integer, oneOf, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
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

export const reportEventBatch = operation(
  record({
    cookie: optional('cookie', cookie),
    clientTime: required('clientTime', dateTime),
    eventBatch: list('eventBatch', 'ReportingEvent', reportingEvent),
  }),
  record({ result: required('ReportEventBatchResult', boolean) }),
);

export const reportEventBatch2 = operation(
  record({
    computerId: optional('computerId', text),
    clientTime: required('clientTime', dateTime),
    eventBatch: list('eventBatch', 'ReportingEvent', reportingEvent),
  }),
  record({ result: required('ReportEventBatch2Result', boolean) }),
);
