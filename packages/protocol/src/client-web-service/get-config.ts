import { boolean, dateTime, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, optional, record, required, type Value } from '../soap/shape.ts';

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
  majorVersion: expected('MajorVersion', integer, 0),
  minorVersion: expected('MinorVersion', integer, 0),
  buildNumber: expected('BuildNumber', integer, 0),
  servicePackMajorNumber: expected('ServicePackMajorNumber', integer, 0),
  servicePackMinorNumber: expected('ServicePackMinorNumber', integer, 0),
});

/** Not in MS-WUSP, only in Microsoft's newer WSDL (Reference.cs of microsoft/update-client-server-sync). */
export const getConfig2 = operation(
  record({
    clientConfiguration: optional(
      'clientConfiguration',
      record({
        processorArchitecture: expected('ProcessorArchitecture', text, 'Unknown'),
        alwaysOnAlwaysConnected: expected('AlwaysOnAlwaysConnected', boolean, false),
        clientVersion: optional('ClientVersion', osVersion),
        osVersion: optional('OSVersion', osVersion),
        protocolVersion: optional('ProtocolVersion', text),
      }),
    ),
  }),
  record({ result: optional('GetConfig2Result', config) }),
);
