// Limits for a stranger's cabinet. The claims of the cabinet are checked before any memory is taken, and decoding never
// gives more than was claimed.
import { FormatError } from '../errors.ts';

export interface CabinetLimits {
  maxMembers: number;
  /** All members together, unpacked. */
  maxTotalBytes: number;
  /** All members together against the cabinet's own size. An honest MSZIP or LZX cabinet stays under about 1,700. */
  maxRatio: number;
}

interface Claim {
  sizeBytes: number;
  folder: number;
  folderOffset: number;
}

/** Throws FORMAT_OVER_LIMIT when members claim more than `limits` allow. */
export function checkClaims(members: readonly Claim[], packedBytes: number, limits: CabinetLimits): void {
  if (members.length > limits.maxMembers) refuse(`${members.length} members`, `${limits.maxMembers}`);
  const totalBytes = members.reduce((sum, member) => sum + member.sizeBytes, 0);
  if (totalBytes > limits.maxTotalBytes) refuse(`${totalBytes} bytes unpacked`, `${limits.maxTotalBytes}`);
  const ratio = (totalBytes + againBytes(members)) / Math.max(1, packedBytes);
  if (ratio > limits.maxRatio) refuse(`to unpack to ${Math.floor(ratio)} times its size`, `${limits.maxRatio}`);
}

/** A member in the place of another may cost unpacking its folder from the beginning once more. */
function againBytes(members: readonly Claim[]): number {
  const seen = new Set<string>();
  let bytes = 0;
  for (const { sizeBytes, folder, folderOffset } of members) {
    const place = `${folder}/${folderOffset}`;
    if (sizeBytes > 0 && seen.has(place)) bytes += folderOffset;
    seen.add(place);
  }
  return bytes;
}

function refuse(claim: string, limit: string): never {
  throw new FormatError('FORMAT_OVER_LIMIT', `The cabinet claims ${claim}; the limit is ${limit}.`);
}
