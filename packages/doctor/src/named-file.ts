// Files that somebody names for the doctor: a regular file, or a RequestError. It never waits for a pipe.
import { DiskError, readOutside } from '@moult/disk';
import { RequestError } from './errors.ts';

/** All bytes of the file. Throws RequestError if it cannot be read or is not a regular file. */
export function readNamedFile(file: string): Buffer {
  try {
    return readOutside(file);
  } catch (error) {
    throw error instanceof DiskError ? new RequestError(error.message, { cause: error }) : error;
  }
}
