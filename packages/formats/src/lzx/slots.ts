// The position slots of LZX (MS-PATCH 2.1, [LZX] in the cabinet SDK): a match distance is a slot, which gives a base
// and says how many bits follow. Slots 0 to 2 are the three last distances.

/** Main tree symbols: 256 literals, then slot * 8 + length header. */
export const literalCount = 256;
export const lengthSymbolCount = 249;
export const minMatch = 2;
export const maxMatch = 257;

/** Slots of a window of 2^15 to 2^21 bytes. */
export function slotCount(windowBits: number): number {
  return [30, 32, 34, 36, 38, 42, 50][windowBits - 15] ?? 0;
}

/** How many verbatim bits follow each slot. */
export const slotExtraBits = Uint8Array.from({ length: 50 }, (_, slot) =>
  slot < 4 ? 0 : Math.min(17, (slot >> 1) - 1),
);

/** The smallest formatted distance (distance + 2) of each slot. */
export const slotBases = slotExtraBits.reduce((bases, bits, slot) => {
  bases[slot + 1] = (bases[slot] as number) + 2 ** bits;
  return bases;
}, new Uint32Array(51));

/** The slot of a formatted distance, 3 or more. */
export function slotOf(formatted: number): number {
  if (formatted >= 262144) return 36 + ((formatted - 262144) >>> 17);
  const highBit = 31 - Math.clz32(formatted);
  return highBit * 2 + ((formatted >>> (highBit - 1)) & 1);
}
