// A version folder: release.json and the files it lists, each with the size and SHA-256 it was released with.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathInside, readOutside } from '@moult/disk';
import { parseRelease, type Release, releaseFileName } from '@moult/protocol/self-update';

/** The release in `folder` when every byte of it is as released; undefined otherwise. */
export function readIntactRelease(folder: string): Release | undefined {
  const file = join(folder, releaseFileName);
  if (!existsSync(file)) return undefined;
  try {
    const release = parseRelease(readOutside(file).toString('utf8'));
    const whole = release.files.every(({ name, sizeBytes, sha256 }) => {
      const bytes = readOutside(pathInside(folder, name));
      return bytes.length === sizeBytes && createHash('sha256').update(bytes).digest('hex') === sha256;
    });
    return whole ? release : undefined;
  } catch {
    return undefined;
  }
}
