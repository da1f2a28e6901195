// Files of vendors on this disk: those that an administrator names, and those that were fetched.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { DiskError, requireFile } from '@moult/disk';
import { AdministrationError } from '../errors.ts';

/** Copies a file that an administrator named. Throws ADMINISTRATION_UNREADABLE if it is not a file, or not readable. */
export async function copyGiven(source: string, target: string): Promise<void> {
  try {
    requireFile(source);
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', cause.message, { cause });
  }
  await copyFile(source, target);
}

/** Length and digests (lower-case hex) of a file, read once. */
export async function digestsOf(path: string): Promise<{ sizeBytes: number; sha1: string; sha256: string }> {
  const [sha1, sha256] = [createHash('sha1'), createHash('sha256')];
  let sizeBytes = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    sha1.update(piece);
    sha256.update(piece);
  }
  return { sizeBytes, sha1: sha1.digest('hex'), sha256: sha256.digest('hex') };
}
