// Which root of a repository is the newest one that is published.
import { join } from 'node:path';
import { listIfThere, readOwnFile } from '@moult/disk';

/**
 * The name of the file in `public/metadata`. Undefined when nothing is published. Throws DiskError when the folder
 * cannot be read: agents must not hear that the root is missing.
 */
export function newestRootName(directory: string): string | undefined {
  const versions = listIfThere(join(directory, 'public', 'metadata')).flatMap(
    (name) => /^(\d{1,15})\.root\.json$/.exec(name)?.[1] ?? [],
  );
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : `${newest}.root.json`;
}

/** Its bytes. Undefined when nothing is published. */
export function readNewestRoot(directory: string): Buffer | undefined {
  const name = newestRootName(directory);
  return name === undefined
    ? undefined
    : readOwnFile(join(directory, 'public', 'metadata', name), { followLink: false });
}
