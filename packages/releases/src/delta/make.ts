// Making a delta: zstd with the older file as dictionary. Measured (docs/adr/0024): level 12 finds a moved line in a
// file of 32 MiB. Lower levels do not, and beyond that size no level of Node's does.
import { constants, zstdCompressSync } from 'node:zlib';
import { deltaLimits } from '../bounds.ts';

interface Delta {
  bytes: Uint8Array;
  windowLog: number;
}

const level = 12;

/** A delta that saves less is one more file for nothing. */
const leastSavedBytes = 4096;

/**
 * The bytes that make `whole` of `base`. Undefined if it is larger than 60 % of `whole`, or a file is larger than 32
 * MiB.
 */
export function makeDelta(
  base: Uint8Array,
  whole: Uint8Array,
  limits: Pick<typeof deltaLimits, 'maxFileBytes' | 'maxPerCent'> = deltaLimits,
): Delta | undefined {
  if (Math.max(base.length, whole.length) > limits.maxFileBytes) return undefined;
  const windowLog = windowFor(base.length + whole.length);
  const bytes = zstdCompressSync(whole, {
    ...(base.length === 0 ? {} : { dictionary: base }),
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowLog,
      [constants.ZSTD_c_checksumFlag]: 0,
    },
  });
  const isWorthIt =
    bytes.length * 100 <= whole.length * limits.maxPerCent && bytes.length + leastSavedBytes <= whole.length;
  return isWorthIt ? { bytes, windowLog } : undefined;
}

/** The dictionary is in reach as long as it and all that was written fit into the window. */
function windowFor(bytes: number): number {
  return Math.min(27, Math.max(10, Math.ceil(Math.log2(Math.max(1, bytes)))));
}
