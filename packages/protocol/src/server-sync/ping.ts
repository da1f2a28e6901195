// Ping of the server synchronisation (MS-WSUSSS 3.1.4.12). No server asks it, but it is in the contract.
import { boolean, dateTime, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { optional, record, required } from '../soap/shape.ts';

export const ping = {
  ...operation(
    record({ pingLevel: required('pingLevel', integer) }),
    record({
      result: optional(
        'PingResult',
        record({
          isUp: required('SuccessFlag', boolean),
          time: required('ServicesTime', dateTime),
          name: optional('ServicesName', text),
          isHttps: required('IsHttps', boolean),
          configuredAt: required('ConfigFileLastModifiedTime', dateTime),
          configurationEnds: required('ConfigFileNextExpirationTime', dateTime),
          configurationMinutes: required('ConfigFileExpirationModuloInMinutes', integer),
        }),
      ),
    }),
  ),
  namespace: 'http://www.microsoft.com/SoftwareDistribution/Server/IMonitorable',
};
