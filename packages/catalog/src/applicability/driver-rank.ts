// Which of two drivers fits a device better (MS-WUSP 3.1.5.7, driver matching): the same ranking for the server's
// driver pass and the agent's driver rules. First difference wins: computer hardware id, feature score, hardware id,
// date, version.
import type { DriverMetadata } from '../metadata/index.ts';
import type { InstalledDriverFacts } from './facts.ts';

interface RankedDevice {
  hardwareIds: readonly string[];
  compatibleIds: readonly string[];
}

interface RankedComputer {
  /** Most specific first. */
  computerHardwareIds: readonly string[];
  /** `amd64.10.0`. */
  featureScoreKey: string | undefined;
}

export interface DriverRank {
  computer: number;
  featureScore: number;
  hardwareId: number;
  date: string;
  version: bigint;
}

const noMatch = Number.MAX_SAFE_INTEGER;
const worstScore = 255;

/** The rank of a driver row for a device. Undefined when it does not fit it at all. */
export function rankDriver(
  row: DriverMetadata,
  device: RankedDevice,
  computer: RankedComputer,
): DriverRank | undefined {
  const hardwareId = placeOf(row.hardwareId, device);
  if (hardwareId === undefined) return undefined;
  const targets = [...row.distributionComputerHardwareIds, ...row.targetComputerHardwareIds];
  const place = firstPlace(targets, computer.computerHardwareIds);
  // A driver meant for particular computers is for no other.
  if (targets.length > 0 && place === noMatch) return undefined;
  return {
    computer: place,
    featureScore: row.featureScores.get(computer.featureScoreKey?.toLowerCase() ?? '') ?? worstScore,
    hardwareId,
    date: row.driverVerDate,
    version: row.driverVerVersion,
  };
}

/** The rank of the driver that is installed on the device. */
export function rankInstalled(
  installed: InstalledDriverFacts,
  device: RankedDevice,
  computer: RankedComputer,
): DriverRank {
  return {
    computer: firstPlace([installed.matchingComputerHardwareId ?? ''], computer.computerHardwareIds),
    // Bits 16 to 23 of the rank. A rank of -1 does not count, and gives 255 that way.
    featureScore: (installed.driverRank >>> 16) & 0xff,
    hardwareId: placeOf(installed.matchingId, device) ?? noMatch,
    date: installed.driverVerDate.slice(0, 10),
    version: installed.driverVerVersion,
  };
}

/** Negative when `a` is the better match, 0 when they are equal. */
export function compareRanks(a: DriverRank, b: DriverRank): number {
  return (
    a.computer - b.computer ||
    a.featureScore - b.featureScore ||
    a.hardwareId - b.hardwareId ||
    (a.date === b.date ? 0 : a.date > b.date ? -1 : 1) ||
    (a.version === b.version ? 0 : a.version > b.version ? -1 : 1)
  );
}

/** Only a driver of the same maker, or of a provider that it accepts, replaces a printer driver. */
export function isSamePrinterDriver(
  row: DriverMetadata,
  installed: { provider: string; manufacturer: string },
): boolean {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const providers = [row.provider, ...row.compatibleProviders];
  return (
    providers.some((provider) => same(provider, installed.provider)) && same(row.manufacturer, installed.manufacturer)
  );
}

/** Earlier is better. Compatible ids come behind all hardware ids. Letter case does not matter. */
function placeOf(hardwareId: string, device: RankedDevice): number | undefined {
  const wanted = hardwareId.toLowerCase();
  const place = [...device.hardwareIds, ...device.compatibleIds].findIndex((id) => id.toLowerCase() === wanted);
  return place < 0 ? undefined : place;
}

function firstPlace(wanted: readonly string[], list: readonly string[]): number {
  const lower = new Set(wanted.map(bare));
  const place = list.findIndex((id) => lower.has(bare(id)));
  return place < 0 ? noMatch : place;
}

function bare(id: string): string {
  return id.toLowerCase().replace(/[{}]/g, '');
}
