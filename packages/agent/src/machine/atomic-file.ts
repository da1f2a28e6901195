// Writes a file so that it is either the old or the new one, even if the process is killed.
import { closeSync, fsyncSync, lstatSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DiskError,
  isSurelyThere,
  makeFolders,
  readIfThere,
  readOwnFile,
  removeFileWhenFree,
  removeIfPossible,
  removeWhenFree,
  renameWhenFree,
  steadily,
} from '@moult/disk';

/**
 * Writes `bytes` beside `file`, syncs, and renames over it. The folder is made when missing. `mode`: who may read it.
 */
export function writeFileAtomically(file: string, bytes: Uint8Array | string, mode?: number): void {
  if (!isSurelyThere(dirname(file))) makeFolders(dirname(file));
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeSynced(temporary, bytes, mode);
    // A folder in the place of one of our files does not belong to anyone, and stays there for ever.
    if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) removeWhenFree(file);
    renameWhenFree(temporary, file);
  } catch (error) {
    removeIfPossible(temporary);
    throw error;
  }
  syncFolder(dirname(file));
}

/** Writes a file and its bytes reach the disk before the function returns. */
function writeSynced(file: string, bytes: Uint8Array | string, mode?: number): void {
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
  // Made again: the file there may be a link, or a pipe.
  removeFileWhenFree(file);
  const handle = openSync(file, 'wx', mode);
  try {
    for (let written = 0; written < data.length; ) written += writeSync(handle, data, written);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Makes a rename in `folder` survive a power cut. Windows has no such call and needs none. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The bytes of a copy that can be had again: if it cannot be read for any reason, it counts as missing. */
export function readCopy(file: string): Buffer | undefined {
  try {
    return readOwnFile(file, { maxBytes: Number.MAX_SAFE_INTEGER });
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a file of ours that cannot be had again. Undefined when it is missing, or a folder or a pipe is in its
 * place. Throws what the disk says when it is there and cannot be read: it is not missing then.
 */
export function readKept(file: string): Buffer | undefined {
  try {
    return steadily(() => readOwnFile(file, { maxBytes: Number.MAX_SAFE_INTEGER }));
  } catch (error) {
    if (error instanceof DiskError && error.systemCode === undefined) return undefined;
    throw error;
  }
}

/** The file's text, or undefined without one. Throws DiskError when it is there, and cannot be read. */
export function readTextIfThere(file: string): string | undefined {
  return readIfThere(file)?.toString('utf8');
}
