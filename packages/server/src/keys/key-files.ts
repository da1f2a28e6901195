// Files of the keys folder: readable by their owner only, and never half-written: a name appears when all is on disk.
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KeyFolder {
  pathOf(name: string): string;
  /** The file's bytes; undefined when it is not there. */
  read(name: string): Buffer | undefined;
  write(name: string, content: string | Uint8Array): void;
}

/** The folder `keys` of a data directory, made (0700) when it is missing. */
export function openKeyFolder(dataDir: string): KeyFolder {
  const folder = join(dataDir, 'keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return {
    pathOf: (name) => join(folder, name),
    read: (name) => readIfThere(join(folder, name)),
    write: (name, content) => writeAtomically(join(folder, name), content),
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function writeAtomically(file: string, content: string | Uint8Array): void {
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
