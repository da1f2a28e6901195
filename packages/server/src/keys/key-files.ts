// Files of the keys folder: readable by their owner only, and never half-written: a name appears when all is on disk.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export interface KeyFolder {
  path: string;
  pathOf(name: string): string;
  /** The file's bytes; undefined when it is not there. */
  read(name: string): Buffer | undefined;
}

/** The folder `keys` of a data directory, made (0700) when it is missing. */
export function openKeyFolder(dataDir: string): KeyFolder {
  const path = join(dataDir, 'keys');
  makeKeyFolder(path);
  return {
    path,
    pathOf: (name) => join(path, name),
    read: (name) => readIfThere(join(path, name)),
  };
}

/** Makes a folder for its owner only, whatever the umask; one that is there keeps its mode. */
export function makeKeyFolder(path: string): void {
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) chmodSync(path, 0o700);
}

/** Writes a file for its owner only, whatever the umask: whole and on disk, or not at all. */
export function writeKeyFile(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${randomUUID()}.new`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
    closeSync(handle);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
