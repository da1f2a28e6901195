import { cookie } from '../soap/cookie.ts';
import { boolean, dateTime, embedded, guid, integer, long, text } from '../soap/scalars.ts';
import { operation } from '../soap/service.ts';
import { expected, list, optional, record, required, type Shape, type Value } from '../soap/shape.ts';
import { deployment } from './deployment.ts';

/**
 * Agents before Windows 10 know neither MatchingComputerHWID nor DriverRank (MS-WUSP note 16). -1 is not a rank at all.
 */
const installedDriver = record({
  matchingId: optional('MatchingID', text),
  driverVerDate: expected('DriverVerDate', dateTime, new Date('0001-01-01T00:00:00Z')),
  driverVerVersion: expected('DriverVerVersion', long, 0n),
  class: optional('Class', text),
  manufacturer: optional('Manufacturer', text),
  provider: optional('Provider', text),
  model: optional('Model', text),
  matchingComputerHwid: optional('MatchingComputerHWID', guid),
  driverRank: expected('DriverRank', integer, -1),
});
export type InstalledDriver = Value<typeof installedDriver>;

const device = record({
  hardwareIds: list('HardwareIDs', 'string', text),
  compatibleIds: list('CompatibleIDs', 'string', text),
  installedDriver: optional('installedDriver', installedDriver),
  deviceFlags: optional('DeviceFlags', integer),
});
export type Device = Value<typeof device>;

const parameters = record({
  expressQuery: optional('ExpressQuery', boolean),
  installedNonLeafUpdateIds: list('InstalledNonLeafUpdateIDs', 'int', integer),
  otherCachedUpdateIds: list('OtherCachedUpdateIDs', 'int', integer),
  systemSpec: list('SystemSpec', 'Device', device),
  cachedDriverIds: list('CachedDriverIDs', 'int', integer),
  skipSoftwareSync: required('SkipSoftwareSync', boolean),
  filterCategoryIds: list('FilterCategoryIds', 'CategoryIdentifier', record({ id: required('Id', guid) })),
  needTwoGroupOutOfScopeUpdates: optional('NeedTwoGroupOutOfScopeUpdates', boolean),
  computerSpec: optional('ComputerSpec', record({ hardwareIds: list('HardwareIDs', 'guid', guid) })),
  featureScoreMatchingKey: optional('FeatureScoreMatchingKey', text),
});
export type SyncUpdateParameters = Value<typeof parameters>;

const plainUpdateInfo = record({
  id: required('ID', integer),
  deployment: optional('Deployment', deployment),
  isLeaf: required('IsLeaf', boolean),
  xml: optional('Xml', embedded),
});
export type UpdateInfo = Value<typeof plainUpdateInfo> & {
  /** All of it as it is written, where that was made before (readyToSend). */
  readonly written?: string | undefined;
};

const updateInfo: Shape<UpdateInfo> = {
  read: (element, path) => plainUpdateInfo.read(element, path),
  write: (update, aside) => {
    if (update.written === undefined) return plainUpdateInfo.write(update, aside);
    return aside?.put(update.written) ?? update.written;
  },
};

/** The same update, written once for all whom it is sent to. */
export function readyToSend(update: UpdateInfo): UpdateInfo & { readonly written: string } {
  // Through octets and back it is one piece of memory instead of the many that it is put together from.
  return { ...update, written: Buffer.from(plainUpdateInfo.write(update)).toString() };
}

export const syncInfo = record({
  newUpdates: list('NewUpdates', 'UpdateInfo', updateInfo),
  outOfScopeRevisionIds: list('OutOfScopeRevisionIDs', 'int', integer),
  changedUpdates: list('ChangedUpdates', 'UpdateInfo', updateInfo),
  truncated: required('Truncated', boolean),
  newCookie: optional('NewCookie', cookie),
  deployedOutOfScopeRevisionIds: list('DeployedOutOfScopeRevisionIds', 'int', integer),
  /** The word `true` or `false`. */
  driverSyncNotNeeded: optional('DriverSyncNotNeeded', text),
});
export type SyncInfo = Value<typeof syncInfo>;

export const syncUpdates = operation(
  record({ cookie: optional('cookie', cookie), parameters: optional('parameters', parameters) }),
  record({ result: optional('SyncUpdatesResult', syncInfo) }),
);
