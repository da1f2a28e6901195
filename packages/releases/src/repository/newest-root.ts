// Which root of a repository is the newest one that is published.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';

/** The name of the file in `public/metadata`. Undefined when nothing is published. */
export function newestRootName(directory: string): string | undefined {
  const versions = namesIn(join(directory, 'public', 'metadata')).flatMap(
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
