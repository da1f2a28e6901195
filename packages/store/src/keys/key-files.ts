// The folder of the server's keys.
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { makePrivateFolder } from '../data-dir/private-files.ts';

export interface KeyFolder {
  path: string;
  pathOf(name: string): string;
  /** The file's bytes. Undefined when it is not there. */
  read(name: string): Buffer | undefined;
}

/** The folder `keys` of a data directory, made (0700) when it is missing. */
export function openKeyFolder(dataDir: string): KeyFolder {
  const path = join(dataDir, 'keys');
  makePrivateFolder(path);
  return {
    path,
    pathOf: (name) => join(path, name),
    read: (name) => readOwnFile(join(path, name)),
  };
}
