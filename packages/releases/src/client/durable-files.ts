// Files that are the old ones or the new ones, whatever kills the process or the machine in between. The calls are a
// value, so that a test can end them at any one of them.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** The calls on files that a durable write is made of. */
export interface FileCalls {
  open(file: string, flags: 'w' | 'r'): number;
  write(handle: number, bytes: Uint8Array, offset: number): number;
  sync(handle: number): void;
  close(handle: number): void;
  rename(from: string, to: string): void;
  remove(file: string): void;
  makeFolder(folder: string): void;
  read(file: string): Uint8Array | undefined;
}

export const nodeFileCalls: FileCalls = {
  open: (file, flags) => openSync(file, flags, 0o644),
  write: (handle, bytes, offset) => writeSync(handle, bytes, offset),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (file) => rmSync(file, { force: true }),
  makeFolder: (folder) => void mkdirSync(folder, { recursive: true }),
  read: (file) => {
    try {
      return readFileSync(file);
    } catch {
      return undefined; // not there, a folder, unreadable: there is no copy here
    }
  },
};

/**
 * Writes beside the file, syncs, renames over it and syncs the folder. The name beside it is always the same: an
 * interrupted write leaves one file, which the next write replaces. Throws the error of the call that failed.
 */
export function writeDurably(file: string, bytes: Uint8Array, calls: FileCalls = nodeFileCalls): void {
  calls.makeFolder(dirname(file));
  const draft = `${file}.new`;
  const handle = calls.open(draft, 'w');
  try {
    for (let written = 0; written < bytes.length; ) written += calls.write(handle, bytes, written);
    calls.sync(handle);
  } finally {
    calls.close(handle);
  }
  renameOver(draft, file, calls);
  syncFolder(dirname(file), calls);
}

/** Removes a file for good. A file that is not there is fine. */
export function removeDurably(file: string, calls: FileCalls = nodeFileCalls): void {
  calls.remove(file);
  syncFolder(dirname(file), calls);
}

/** Makes a rename in `folder` survive a power cut. Windows has no such call and needs none. */
export function syncFolder(folder: string, calls: FileCalls = nodeFileCalls): void {
  if (process.platform === 'win32') return;
  const handle = calls.open(folder, 'r');
  try {
    calls.sync(handle);
  } finally {
    calls.close(handle);
  }
}

/** On Windows a virus scanner holds a fresh file for a moment: a rename over it is tried again. */
function renameOver(draft: string, file: string, calls: FileCalls): void {
  for (let tries = 0; ; tries += 1) {
    try {
      calls.rename(draft, file);
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (process.platform !== 'win32' || tries >= 10 || !(code === 'EPERM' || code === 'EBUSY' || code === 'EACCES')) {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100 * (tries + 1));
    }
  }
}
