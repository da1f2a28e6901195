// Files that the command line names, for all commands alike: a regular file, or wrong usage. No command waits for a
// pipe without a writer, or reads a device without end.
import type { ReadStream } from 'node:fs';
import { DiskError, type OutsideLimits, openOutside, readOutside, streamOutside } from '@moult/disk';
import { isRefused, otherUserAdvice, UsageError } from '../terminal.ts';

/** All bytes of the file. Throws UsageError if it cannot be read, is not a regular file, or is beyond `limits`. */
export function readNamedFile(file: string, limits?: OutsideLimits): Buffer {
  return asUsage(() => readOutside(file, limits));
}

/** A descriptor for reading, which the caller closes. Throws UsageError. */
export function openNamedFile(file: string): number {
  return asUsage(() => openOutside(file));
}

/** Throws UsageError at once, not on the stream. */
export function streamNamedFile(file: string, options: { highWaterMark?: number } = {}): ReadStream {
  return asUsage(() => streamOutside(file, options));
}

function asUsage<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const advice = isRefused(error.cause) ? ` ${otherUserAdvice()}` : '';
    throw new UsageError(`${error.message}${advice}`, { cause: error });
  }
}
