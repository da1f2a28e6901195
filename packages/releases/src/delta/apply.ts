// Applies a delta. The operator signed its bytes, and it is bounded as if an enemy had made it: no more output than the
// signed length, no larger window than the recipe names. The result counts only by its digest.
import { constants, zstdDecompressSync } from 'node:zlib';
import { deltaLimits } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';

/**
 * The result of `delta` on `base`, of exactly `length` bytes and not verified. Throws RELEASE_DELTA_UNUSABLE for
 * everything that does not come out so, and for files larger than 32 MiB.
 */
export function applyDelta(
  base: Uint8Array,
  delta: Uint8Array,
  { length, windowLog }: { length: number; windowLog: number },
  limits: Pick<typeof deltaLimits, 'maxFileBytes'> = deltaLimits,
): Uint8Array {
  if (Math.max(base.length, delta.length, length) > limits.maxFileBytes) throw unusable('a file is too large for it');
  let made: Uint8Array;
  try {
    made = zstdDecompressSync(delta, {
      ...(base.length === 0 ? {} : { dictionary: base }),
      maxOutputLength: Math.max(1, length),
      params: { [constants.ZSTD_d_windowLogMax]: windowLog },
    });
  } catch (cause) {
    const isLonger = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE';
    throw unusable(isLonger ? `it makes more than the ${length} bytes that are signed` : 'it is damaged', cause);
  }
  if (made.length !== length) throw unusable(`it makes ${made.length} bytes in place of the ${length} that are signed`);
  return made;
}

function unusable(why: string, cause?: unknown): ReleaseError {
  return new ReleaseError('RELEASE_DELTA_UNUSABLE', `The delta cannot be used: ${why}.`, { cause });
}
