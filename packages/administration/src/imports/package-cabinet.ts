// What cabinets with update metadata have in common, nested ones included.
import type { CabinetLimits } from '@moult/formats/cab';

/** Streamed from disk, so what counts is not the size but that a claim is not absurd. */
export const packageLimits: CabinetLimits = { maxMembers: 65_535, maxTotalBytes: 2 ** 38, maxRatio: 5_000 };

/** Whether a member of an offline scan file is one of its cabinets of fragments. */
export function isNestedPackage(name: string): boolean {
  return /(^|[\\/])package\d*\.cab$/i.test(name);
}
