import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, guid, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, optional, record, required, type Value } from '../soap/shape.ts';

const detailedVersion = record({
  major: expected('Major', integer, 0),
  minor: expected('Minor', integer, 0),
  build: expected('Build', integer, 0),
  revision: expected('Revision', integer, 0),
  servicePackMajor: expected('ServicePackMajor', integer, 0),
  servicePackMinor: expected('ServicePackMinor', integer, 0),
});

const basicData = record({
  targetId: optional('TargetID', record({ sid: optional('Sid', text) })),
  sequenceNumber: expected('SequenceNumber', integer, 0),
  timeAtTarget: required('TimeAtTarget', dateTime),
  eventInstanceId: required('EventInstanceID', guid),
  namespaceId: expected('NamespaceID', integer, 1),
  eventId: required('EventID', integer),
  sourceId: expected('SourceID', integer, 0),
  updateId: optional(
    'UpdateID',
    record({ updateId: required('UpdateID', guid), revisionNumber: required('RevisionNumber', integer) }),
  ),
  win32HResult: expected('Win32HResult', integer, 0),
  appName: optional('AppName', text),
});

const extendedData = record({
  replacementStrings: list('ReplacementStrings', 'string', text),
  miscData: list('MiscData', 'string', text),
  computerBrand: optional('ComputerBrand', text),
  computerModel: optional('ComputerModel', text),
  biosRevision: optional('BiosRevision', text),
  // No closed list: a batch must not be lost for a processor that came after the specification.
  processorArchitecture: expected('ProcessorArchitecture', text, 'Unknown'),
  osVersion: optional('OSVersion', detailedVersion),
  osLocaleId: expected('OSLocaleID', integer, 0),
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
