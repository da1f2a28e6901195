import { cookie } from '../soap/cookie.ts';
import { dateTime, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, optional, record, type Value } from '../soap/shape.ts';

const computerInfo = record({
  dnsName: optional('DnsName', text),
  osMajorVersion: expected('OSMajorVersion', integer, 0),
  osMinorVersion: expected('OSMinorVersion', integer, 0),
  osBuildNumber: expected('OSBuildNumber', integer, 0),
  osServicePackMajorNumber: expected('OSServicePackMajorNumber', integer, 0),
  osServicePackMinorNumber: expected('OSServicePackMinorNumber', integer, 0),
  osLocale: optional('OSLocale', text),
  computerManufacturer: optional('ComputerManufacturer', text),
  computerModel: optional('ComputerModel', text),
  biosVersion: optional('BiosVersion', text),
  biosName: optional('BiosName', text),
  biosReleaseDate: expected('BiosReleaseDate', dateTime, new Date('0001-01-01T00:00:00Z')),
  processorArchitecture: optional('ProcessorArchitecture', text),
  suiteMask: expected('SuiteMask', integer, 0),
  oldProductType: expected('OldProductType', integer, 0),
  newProductType: expected('NewProductType', integer, 0),
  systemMetrics: expected('SystemMetrics', integer, 0),
  clientVersionMajorNumber: expected('ClientVersionMajorNumber', integer, 0),
  clientVersionMinorNumber: expected('ClientVersionMinorNumber', integer, 0),
  clientVersionBuildNumber: expected('ClientVersionBuildNumber', integer, 0),
  clientVersionQfeNumber: expected('ClientVersionQfeNumber', integer, 0),
  osDescription: optional('OSDescription', text),
  oem: optional('OEM', text),
  deviceType: optional('DeviceType', text),
  firmwareVersion: optional('FirmwareVersion', text),
  mobileOperator: optional('MobileOperator', text),
});
export type ComputerInfo = Value<typeof computerInfo>;

export const registerComputer = operation(
  record({ cookie: optional('cookie', cookie), computerInfo: optional('computerInfo', computerInfo) }),
  record({}),
);
