// A version folder: release.json and the files that it lists, each with the size and SHA-256 of its release. A link is
// refused, because its target can change after the check.

import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathInside, readOwnFile, steadily } from '@moult/disk';
import { parseRelease, type Release, type ReleaseFile, releaseFileName } from '@moult/protocol/self-update';
import { hostBounds } from '../bounds.ts';

/**
 * The release in `folder` if every byte of it is as released. Undefined otherwise: also when the disk cannot read it,
 * again and again.
 */
export function readIntactRelease(folder: string): Release | undefined {
  try {
    return steadily(() => intactRelease(folder));
  } catch {
    return undefined;
  }
}

function intactRelease(folder: string): Release | undefined {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  const json = readPlain(folder, releaseFileName, hostBounds.maxReleaseJsonBytes);
  if (!json) return undefined;
  const release = parseRelease(json.toString('utf8'));
  return release.files.every((file) => readReleased(folder, file) !== undefined) ? release : undefined;
}

/** The bytes of a file of a release if they are as released. Undefined otherwise. Throws the errors of the disk. */
export function readReleased(folder: string, { name, sizeBytes, sha256 }: ReleaseFile): Buffer | undefined {
  const bytes = readPlain(folder, name, sizeBytes);
  const isAsReleased = bytes?.length === sizeBytes && createHash('sha256').update(bytes).digest('hex') === sha256;
  return isAsReleased ? bytes : undefined;
}

/** The bytes of a file below `folder`. Undefined if the file or a folder on the way is missing or a link. */
function readPlain(folder: string, name: string, maxBytes: number): Buffer | undefined {
  const file = pathInside(folder, name);
  for (let on = dirname(file); on.length > folder.length; on = dirname(on)) {
    if (!lstatSync(on).isDirectory()) return undefined;
  }
  return readOwnFile(file, { maxBytes, followLink: false });
}
