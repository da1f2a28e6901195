// The part of a release that a machine has on its disk for certain: the unpacked program. It may have the cabinet or
// not.
import { defaultCabinetLimits, extractAll, readCabinet } from '@moult/formats/cab';
import { deltaLimits } from '../bounds.ts';
import { sha256Hex } from '../metadata/signatures.ts';

/** Of no bytes at all, which every machine has: a delta from there is the whole release, compressed. */
export const emptySha256 = sha256Hex(new Uint8Array());

/**
 * The largest file in the cabinet of a release. A release without a cabinet is its own. Undefined when it cannot be
 * read.
 */
export function baseOf(release: Uint8Array): Uint8Array | undefined {
  if (Buffer.from(release.subarray(0, 4)).toString('latin1') !== 'MSCF') return release;
  try {
    const limits = { ...defaultCabinetLimits, maxMembers: 1000, maxTotalBytes: 8 * deltaLimits.maxFileBytes };
    const files = [...extractAll(readCabinet(release, limits)).values()];
    return files.reduce<Uint8Array | undefined>(
      (largest, file) => (file.length > (largest?.length ?? 0) ? file : largest),
      undefined,
    );
  } catch {
    return undefined;
  }
}
