// The driver pass of SyncUpdates (MS-WUSP 3.1.5.7): the catalog ranks, here wire devices become its facts.
import type { DeviceFacts, RevisionId } from '@moult/catalog';
import type { Device, InstalledDriver, SyncInfo, SyncUpdateParameters } from '@moult/protocol/client-web-service';
import type { Client, UpdateService } from '../../update-service/update-service.ts';
import { describeSync, knowsCategoryScans } from './update-page.ts';

/** Answers in time that grows with the client's devices, not with the drivers of the catalog. */
export async function syncDrivers(
  service: UpdateService,
  { claims, offer }: Client,
  request: SyncUpdateParameters,
): Promise<SyncInfo> {
  const decision = offer.syncDrivers({
    installedNonLeaf: request.installedNonLeafUpdateIds as RevisionId[],
    cachedDrivers: request.cachedDriverIds as RevisionId[],
    devices: request.systemSpec.map(toDeviceFacts),
    computerHardwareIds: request.computerSpec?.hardwareIds ?? [],
    ...(request.featureScoreMatchingKey && { featureScoreMatchingKey: request.featureScoreMatchingKey }),
    needTwoGroupOutOfScope: request.needTwoGroupOutOfScopeUpdates === true && knowsCategoryScans(claims),
    maxNew: service.config.maxUpdatesPerSync,
    ...(claims.driverAnchor !== undefined && { anchor: claims.driverAnchor }),
  });
  return describeSync(service, decision, { ...claims, driverAnchor: decision.anchor });
}

function toDeviceFacts({ hardwareIds, compatibleIds, installedDriver }: Device): DeviceFacts {
  return {
    hardwareIds,
    compatibleIds,
    ...(installedDriver && { installedDriver: toInstalledFacts(installedDriver) }),
  };
}

function toInstalledFacts(driver: InstalledDriver): NonNullable<DeviceFacts['installedDriver']> {
  return {
    matchingId: driver.matchingId ?? '',
    driverVerDate: driver.driverVerDate.toISOString().slice(0, 10),
    // Four 16-bit numbers fill all of an xs:long: from 32768.0.0.0 on it is negative on the wire.
    driverVerVersion: BigInt.asUintN(64, driver.driverVerVersion),
    driverClass: driver.class ?? '',
    manufacturer: driver.manufacturer ?? '',
    provider: driver.provider ?? '',
    ...(driver.matchingComputerHwid && { matchingComputerHardwareId: driver.matchingComputerHwid }),
    driverRank: driver.driverRank,
  };
}
