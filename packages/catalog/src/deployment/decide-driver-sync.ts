// The driver pass of SyncUpdates (MS-WUSP 3.1.5.7): for each device the best deployed driver with its prerequisites
// met, if it is better than the installed one.
import {
  compareRanks,
  type DriverRank,
  isSamePrinterDriver,
  rankDriver,
  rankInstalled,
} from '../applicability/driver-rank.ts';
import type { DeviceFacts } from '../applicability/facts.ts';
import type { CatalogIndex, IndexedRevision } from '../graph/index.ts';
import type { RevisionId } from '../ids.ts';
import type { DriverMetadata } from '../metadata/index.ts';
import { hasChanged, installedUpdates, type SyncDecision, scopeOf } from './decide-sync.ts';
import type { DeploymentSet } from './deployment-set.ts';
import type { Scope, SyncedRevision } from './scope.ts';

export interface DriverSyncRequest {
  installedNonLeaf: readonly RevisionId[];
  /** CachedDriverIDs. */
  cachedDrivers: readonly RevisionId[];
  /** SystemSpec. */
  devices: readonly DeviceFacts[];
  /** ComputerSpec/HardwareIDs, most specific first. */
  computerHardwareIds: readonly string[];
  /** `amd64.10.0`. */
  featureScoreMatchingKey?: string;
  needTwoGroupOutOfScope: boolean;
  anchor?: number;
  maxNew: number;
}

interface SyncedDriver extends SyncedRevision {
  /** The hardware ids that it matches best: sent to clients of protocol 1.6 and later. */
  hardwareIds: string[];
}

export interface DriverSyncDecision extends SyncDecision {
  newRevisions: SyncedDriver[];
  changed: SyncedDriver[];
}

/** Revision → the hardware ids that want it. */
type NeededDrivers = ReadonlyMap<IndexedRevision, ReadonlySet<string>>;

/** Whether this computer must install a driver, and not only report on it. */
type IsInstallation = (synced: SyncedRevision) => boolean;

/**
 * The answer of the driver pass. Its cost is that of the drivers that match the client's devices, not of the whole
 * catalog.
 */
export function decideDriverSync(
  index: CatalogIndex,
  deployments: DeploymentSet,
  request: DriverSyncRequest,
  isInstallation: IsInstallation = isApproved,
): DriverSyncDecision {
  const scope = scopeOf(index, deployments);
  index.prerequisites.satisfiedBy(installedUpdates(index, request.installedNonLeaf));
  return sortDrivers(index, scope, neededDrivers(index, scope, request, isInstallation), request);
}

/** The new ones of the needed, the changed ones of the cached, and those that are needed no more. */
export function sortDrivers(
  index: CatalogIndex,
  scope: Scope,
  needed: NeededDrivers,
  request: Pick<DriverSyncRequest, 'cachedDrivers' | 'needTwoGroupOutOfScope' | 'anchor' | 'maxNew'>,
): DriverSyncDecision {
  const cached = new Set(request.cachedDrivers);
  const fresh = [...needed.keys()].filter(({ revisionId }) => !cached.has(revisionId));
  fresh.sort((a, b) => a.update.orderKey - b.update.orderKey || (a.update.updateId < b.update.updateId ? -1 : 1));
  const describe = (revision: IndexedRevision): SyncedDriver[] => {
    const synced = scope.synced(revision.slot);
    return synced ? [{ ...synced, hardwareIds: [...(needed.get(revision) ?? [])] }] : [];
  };
  const decision: DriverSyncDecision = {
    newRevisions: fresh.slice(0, request.maxNew).flatMap(describe),
    changed: [],
    outOfScope: [],
    deployedOutOfScope: [],
    truncated: fresh.length > request.maxNew,
    anchor: Math.max(scope.lastChange, index.lastLeafChange),
    driverSyncNotNeeded: !scope.hasDrivers,
  };
  for (const revisionId of cached) {
    const revision = index.get(revisionId);
    if (revision && needed.has(revision)) {
      if (hasChanged(scope, revision, request.anchor)) decision.changed.push(...describe(revision));
    } else if (request.needTwoGroupOutOfScope && revision && scope.has(revision.slot)) {
      decision.deployedOutOfScope.push(revisionId);
    } else decision.outOfScope.push(revisionId);
  }
  return decision;
}

type Match = { revision: IndexedRevision; row: DriverMetadata; rank: DriverRank };

function neededDrivers(
  index: CatalogIndex,
  scope: Scope,
  request: DriverSyncRequest,
  isInstallation: IsInstallation,
): NeededDrivers {
  const needed = new Map<IndexedRevision, Set<string>>();
  const computer = {
    computerHardwareIds: request.computerHardwareIds,
    featureScoreKey: request.featureScoreMatchingKey,
  };
  const isToBeInstalled = (revision: IndexedRevision) => {
    const synced = scope.synced(revision.slot);
    return synced !== undefined && isInstallation(synced);
  };
  for (const device of request.devices) {
    for (const match of bestMatches(index, scope, device, { ...computer, isToBeInstalled })) {
      if (!isWanted(match, device, computer)) continue;
      const hardwareIds = needed.get(match.revision) ?? new Set<string>();
      needed.set(match.revision, hardwareIds.add(match.row.hardwareId));
    }
  }
  return needed;
}

/**
 * The best of all, and of those to install: MS-WUSP 3.1.5.7 ranks deployed drivers. A driver without an approval, on
 * which clients only report, must not hide an approved one.
 */
function bestMatches(
  index: CatalogIndex,
  scope: Scope,
  device: DeviceFacts,
  computer: Parameters<typeof rankDriver>[2] & { isToBeInstalled(revision: IndexedRevision): boolean },
): Set<Match> {
  let best: Match | undefined;
  let bestApproved: Match | undefined;
  for (const hardwareId of [...device.hardwareIds, ...device.compatibleIds]) {
    for (const revision of index.drivers(hardwareId)) {
      if (!scope.has(revision.slot) || !index.prerequisites.isSatisfied(revision.signature.id)) continue;
      for (const row of revision.summary.drivers) {
        if (row.hardwareId.toLowerCase() !== hardwareId.toLowerCase()) continue;
        const rank = rankDriver(row, device, computer);
        if (!rank) continue;
        const match = { revision, row, rank };
        if (!best || isBetter(match, best)) best = match;
        if (computer.isToBeInstalled(revision) && (!bestApproved || isBetter(match, bestApproved)))
          bestApproved = match;
      }
    }
  }
  return new Set([best, bestApproved].filter((match) => match !== undefined));
}

export function isApproved({ deployment: { action } }: SyncedRevision): boolean {
  return action !== 'PreDeploymentCheck' && action !== 'Evaluate';
}

/** Equal in rank: the later submission, then the same one on every server. */
function isBetter(a: Match, b: Match): boolean {
  const order = compareRanks(a.rank, b.rank) || b.row.whqlDriverId - a.row.whqlDriverId;
  return order === 0 ? a.revision.update.updateId < b.revision.update.updateId : order < 0;
}

/** MS-WUSP 3.1.5.7: a printer's driver also needs a row, any of its rows, of the installed one's provider and maker. */
function isWanted({ revision, rank }: Match, device: DeviceFacts, computer: Parameters<typeof rankDriver>[2]): boolean {
  const installed = device.installedDriver;
  if (!installed) return true;
  if (compareRanks(rank, rankInstalled(installed, device, computer)) >= 0) return false;
  const isPrinter = installed.driverClass.toLowerCase().startsWith('printer');
  return !isPrinter || revision.summary.drivers.some((row) => isSamePrinterDriver(row, installed));
}
