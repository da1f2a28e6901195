import { cookie } from '../soap/cookie.ts';
import { dateTime, integer, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { optional, record, required, type Value } from '../soap/shape.ts';

const computerInfo = record({
  dnsName: optional('DnsName', text),
  osMajorVersion: required('OSMajorVersion', integer),
  osMinorVersion: required('OSMinorVersion', integer),
  osBuildNumber: required('OSBuildNumber', integer),
  osServicePackMajorNumber: required('OSServicePackMajorNumber', integer),
  osServicePackMinorNumber: required('OSServicePackMinorNumber', integer),
  osLocale: optional('OSLocale', text),
  computerManufacturer: optional('ComputerManufacturer', text),
  computerModel: optional('ComputerModel', text),
  biosVersion: optional('BiosVersion', text),
  biosName: optional('BiosName', text),
  biosReleaseDate: required('BiosReleaseDate', dateTime),
  processorArchitecture: optional('ProcessorArchitecture', text),
  suiteMask: required('SuiteMask', integer),
  oldProductType: required('OldProductType', integer),
  newProductType: required('NewProductType', integer),
  systemMetrics: required('SystemMetrics', integer),
  clientVersionMajorNumber: required('ClientVersionMajorNumber', integer),
  clientVersionMinorNumber: required('ClientVersionMinorNumber', integer),
  clientVersionBuildNumber: required('ClientVersionBuildNumber', integer),
  clientVersionQfeNumber: required('ClientVersionQfeNumber', integer),
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
