import { boolean, dateTime, integer, oneOf, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { list, optional, record, required, type Value } from '../soap/shape.ts';

const authPlugInInfo = record({
  plugInId: optional('PlugInID', text),
  serviceUrl: optional('ServiceUrl', text),
  parameter: optional('Parameter', text),
});

const config = record({
  /** Clients echo it in GetCookie: another value there means that their copy of the configuration is old. */
  lastChange: required('LastChange', dateTime),
  isRegistrationRequired: required('IsRegistrationRequired', boolean),
  authInfo: list('AuthInfo', 'AuthPlugInInfo', authPlugInInfo),
  allowedEventIds: list('AllowedEventIds', 'int', integer),
  properties: list(
    'Properties',
    'ConfigurationProperty',
    record({ name: optional('Name', text), value: optional('Value', text) }),
  ),
});
export type Config = Value<typeof config>;

export const getConfig = operation(
  record({ protocolVersion: optional('protocolVersion', text) }),
  record({ result: optional('GetConfigResult', config) }),
);

const osVersion = record({
  majorVersion: required('MajorVersion', integer),
  minorVersion: required('MinorVersion', integer),
  buildNumber: required('BuildNumber', integer),
  servicePackMajorNumber: required('ServicePackMajorNumber', integer),
  servicePackMinorNumber: required('ServicePackMinorNumber', integer),
});

/** Not in MS-WUSP, only in Microsoft's newer WSDL (Reference.cs of microsoft/update-client-server-sync). */
export const getConfig2 = operation(
  record({
    clientConfiguration: optional(
      'clientConfiguration',
      record({
        processorArchitecture: required(
          'ProcessorArchitecture',
          oneOf('Unknown', 'X86Compatible', 'IA64Compatible', 'Amd64Compatible', 'ArmCompatible', 'LpiaCompatible'),
        ),
        alwaysOnAlwaysConnected: required('AlwaysOnAlwaysConnected', boolean),
        clientVersion: optional('ClientVersion', osVersion),
        osVersion: optional('OSVersion', osVersion),
        protocolVersion: optional('ProtocolVersion', text),
      }),
    ),
  }),
  record({ result: optional('GetConfig2Result', config) }),
);
