// Writes files so that they are the old or the new ones, even if the machine dies between. The calls
// are a value, so that a test can end them at each of them.

import {
  chmodSync,
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isDiskFault, makeFolders, steadily } from '@moult/disk';
import { trustStoreBounds } from '../bounds.ts';

/** The calls on files that a durable write is made of. */
export interface FileCalls {
  open(file: string, flags: 'w' | 'r'): number;
  write(handle: number, bytes: Uint8Array, offset: number): number;
  sync(handle: number): void;
  close(handle: number): void;
  rename(from: string, to: string): void;
  remove(file: string): void;
  makeFolder(folder: string): void;
  /** Undefined when it is missing, or something else than a file is in its place. Throws what the disk says. */
  read(file: string): Uint8Array | undefined;
}

export const nodeFileCalls: FileCalls = {
  open: (file, flags) => (flags === 'w' ? openDraft(file, 0o644) : openSync(file, flags)),
  write: (handle, bytes, offset) => writeSync(handle, bytes, offset),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (file) => rmSync(file, { force: true }),
  makeFolder: (folder) => makeOwnFolder(folder),
  read: (file) => {
    try {
      return steadily(() => readRegularFile(file));
    } catch (error) {
      if (!isDiskFault(error)) return undefined;
      throw error;
    }
  },
};

/**
 * All bytes of a regular file of at most 64 MiB. A link as its last part is not followed. The open never waits: with a
 * pipe in the place of a file it does so for ever, deaf to signals. Throws what the system says, and EINVAL for all
 * else.
 */
export function readRegularFile(file: string): Buffer {
  const { O_NONBLOCK = 0, O_NOFOLLOW = 0, O_RDONLY } = constants;
  if (!lstatSync(file).isFile()) throw notRegular(file);
  const handle = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile() || stats.size > trustStoreBounds.maxFileBytes) throw notRegular(file);
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Opens a draft for writing. A file in its place is removed, never written into: it may be a pipe or a link. It belongs
 * to the owner of its folder: root runs commands on folders of others.
 */
export function openDraft(file: string, mode: number): number {
  rmSync(file, { force: true });
  const handle = openSync(file, 'wx', mode);
  giveToOwnerOf(dirname(file), handle);
  return handle;
}

/**
 * Makes a folder and those above it that are missing, for the owner of the one above. One that is there keeps its mode.
 */
export function makeOwnFolder(folder: string, mode = 0o755): void {
  const first = makeFolders(folder, { mode });
  if (first === undefined) return;
  if (mode !== 0o755) chmodSync(folder, mode);
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(dirname(first));
  for (let made = folder; uid !== 0 && made.length >= first.length; made = dirname(made)) lchownSync(made, uid, gid);
}

/** Gives an open file to the owner of `folder`. No effect for anybody but root. */
export function giveToOwnerOf(folder: string, handle: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  if (uid !== 0 && fstatSync(handle).uid === 0) fchownSync(handle, uid, gid);
}

function notRegular(file: string): Error {
  const text = `${file} is a link, a pipe, a folder or larger than 64 MiB. Put the file itself in its place.`;
  return Object.assign(new Error(text), { code: 'EINVAL' });
}

/**
 * Writes beside the file, syncs, renames over it and syncs the folder. The name beside it is always the same: a process
 * that is killed leaves one file, which the next write replaces. Throws the error of the call that failed, and leaves
 * none.
 */
export function writeDurably(file: string, bytes: Uint8Array, calls: FileCalls = nodeFileCalls): void {
  calls.makeFolder(dirname(file));
  const draft = `${file}.new`;
  const handle = calls.open(draft, 'w');
  try {
    try {
      for (let written = 0; written < bytes.length; ) written += calls.write(handle, bytes, written);
      calls.sync(handle);
    } finally {
      calls.close(handle);
    }
    renameOver(draft, file, calls);
  } catch (error) {
    calls.remove(draft); // a full disk needs the room, and half of a key is useless
    throw error;
  }
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
