// Files of our own folders, by names of our own. Somebody may have put a pipe, a device or a folder in the place of
// one: no open waits for the other end of a pipe, because a process in such an open hears no signal.

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import { fileBounds } from './bounds.ts';
import { systemCodeOf } from './errors.ts';
import { requireRegular, requireSize } from './outside-file.ts';
import { openWhenFree } from './when-free.ts';

interface OwnFileOptions {
  /** Longer files are refused. */
  maxBytes?: number;
  /**
   * A link to a regular file counts as one: an administrator may keep keys elsewhere. Set it to false for what is
   * served.
   */
  followLink?: boolean;
}

// Undefined on Windows, where neither is needed: an open of a named pipe there fails at once.
const withoutWaiting = (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * All bytes of the file. Undefined without one. Throws DISK_NOT_A_FILE, DISK_TOO_LARGE, and what the system says as it
 * is.
 */
export function readOwnFile(path: string, options: OwnFileOptions = {}): Buffer | undefined {
  const { maxBytes = fileBounds.maxOwnBytes, followLink = true } = options;
  // Looked at first: to open a device alone can do something.
  const found = (followLink ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  if (!found) return undefined;
  requireRegular(path, found);
  let descriptor: number;
  try {
    const noLink = followLink ? 0 : (constants.O_NOFOLLOW ?? 0);
    descriptor = openWhenFree(path, constants.O_RDONLY | withoutWaiting | noLink);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(descriptor);
    requireRegular(path, stats);
    requireSize(path, stats.size, maxBytes);
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens a file to add to it, made with `mode` when it is missing. The caller closes the descriptor. No link to a file
 * is followed: root runs commands on folders of others. `isTaken` says whether something other than a regular file will
 * do. Throws DISK_NOT_A_FILE, and what the system says as it is (ELOOP: a link. ENXIO: a pipe without a reader).
 */
export function openOwnToAppend(path: string, mode: number, isTaken: (stats: Stats) => boolean = () => false): number {
  const found = statSync(path, { throwIfNoEntry: false });
  const isOther = found !== undefined && isTaken(found);
  if (found && !isOther) requireRegular(path, found);
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | withoutWaiting;
  const descriptor = openSync(path, isOther ? flags : flags | (constants.O_NOFOLLOW ?? 0), mode);
  try {
    const stats = fstatSync(descriptor);
    if (!isTaken(stats)) requireRegular(path, stats);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
