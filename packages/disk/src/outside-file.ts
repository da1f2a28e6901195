// Files that an argument, a setting or a folder listing names. Such a name may lead to anything: a pipe without a
// writer, a device without an end, a folder. Only regular files are opened, and no open ever waits.

import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  type ReadStream,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { fileBounds } from './bounds.ts';
import { DiskError, systemCodeOf } from './errors.ts';
import { openWhenFree } from './when-free.ts';

export interface OutsideLimits {
  /** Longer files are refused. */
  maxBytes: number;
}

const pieceBytes = 2 ** 20;

// Undefined on Windows, where neither is needed: an open of a named pipe there fails at once.
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Throws DISK_UNREADABLE and DISK_NOT_A_FILE unless `path` leads to a regular file. A link is followed: it was meant.
 */
export function requireFile(path: string): void {
  let stats: Stats;
  try {
    stats = statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  requireRegular(path, stats);
}

/** Opens a regular file for reading. The caller closes the descriptor. Throws DISK_UNREADABLE and DISK_NOT_A_FILE. */
export function openOutside(path: string): number {
  // Looked at first: to open a device alone can do something.
  requireFile(path);
  let descriptor: number;
  try {
    descriptor = openWhenFree(path, readOnly);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  try {
    requireRegular(path, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** All bytes of a regular file. Throws as openOutside does, and DISK_TOO_LARGE beyond `limits`. */
export function readOutside(path: string, limits?: OutsideLimits): Buffer {
  const { maxBytes } = limits ?? { maxBytes: fileBounds.maxOutsideBytes };
  const descriptor = openOutside(path);
  try {
    const { size } = fstatSync(descriptor);
    requireSize(path, size, maxBytes);
    return readAll(descriptor, path, size, maxBytes);
  } finally {
    closeSync(descriptor);
  }
}

/** A stream of a regular file. Throws at once, as openOutside does. */
export function streamOutside(path: string, options: { highWaterMark?: number } = {}): ReadStream {
  return createReadStream(path, { ...options, fd: openOutside(path) });
}

/** A file may grow while it is read, and those of /proc say that they are empty: the end is where reading ends. */
function readAll(descriptor: number, path: string, size: number, maxBytes: number): Buffer {
  let bytes = Buffer.allocUnsafe(size + 1);
  let filled = 0;
  for (;;) {
    const count = readPiece(descriptor, path, bytes, filled);
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
    if (filled > maxBytes) throw tooLarge(path, maxBytes);
    if (filled === bytes.length) {
      const longer = Buffer.allocUnsafe(filled + Math.max(pieceBytes, filled));
      bytes.copy(longer, 0, 0, filled);
      bytes = longer;
    }
  }
}

function readPiece(descriptor: number, path: string, bytes: Buffer, at: number): number {
  try {
    return readSync(descriptor, bytes, at, bytes.length - at, null);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Throws DISK_NOT_A_FILE, naming the kind, unless `stats` are those of a regular file. */
export function requireRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return;
  throw new DiskError('DISK_NOT_A_FILE', `${path} is ${kindOf(stats)}, not a file. Name a regular file.`);
}

/** Throws DISK_TOO_LARGE beyond `maxBytes`. */
export function requireSize(path: string, size: number, maxBytes: number): void {
  if (size > maxBytes) throw tooLarge(path, maxBytes);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'a device' : 'something else';
}

const whys: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'its links lead in a circle',
  EAGAIN: 'it holds nothing now and may never',
};

/** DISK_UNREADABLE, with the system's reason in words. */
export function unreadable(path: string, cause: unknown): DiskError {
  const why = whys[systemCodeOf(cause) ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
  return new DiskError('DISK_UNREADABLE', `${path} cannot be read: ${why}.`, { cause });
}

function tooLarge(path: string, maxBytes: number): DiskError {
  return new DiskError('DISK_TOO_LARGE', `${path} is larger than ${maxBytes} bytes, the most that is read here.`);
}
