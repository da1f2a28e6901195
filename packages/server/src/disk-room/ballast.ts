// A file that only takes up room, DIR/moult.ballast. On a disk that is full to the last block SQLite cannot even
// delete. The server then removes this file, so that cleaning up has room. It makes the file again when there is
// plenty.
import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReserveSetting, reserveBytesOf } from '@moult/store/data-dir';

interface Ballast {
  /** Makes the file if it is missing and the disk has room for many of it. Never throws. */
  keep(): Promise<void>;
  /** Removes the file. Never throws. */
  release(): void;
}

const largest = 4 * 1_048_576;

export function createBallast(dataDir: string, reserve: ReserveSetting): Ballast {
  const path = join(dataDir, 'moult.ballast');
  return {
    async keep() {
      try {
        const { freeBytes, sizeBytes } = measure(dataDir, reserve);
        const present = await stat(path).catch(() => undefined);
        if (present || sizeBytes === 0 || freeBytes < reserveAnd(sizeBytes, dataDir, reserve)) return;
        await write(path, sizeBytes);
      } catch {
        // A disk that refuses this is one that is told of elsewhere.
        await rm(path, { force: true }).catch(() => undefined);
      }
    },
    release: () => rmSync(path, { force: true }),
  };
}

/**
 * At a start on a disk that is full: lets go of the ballast, so that the database can be opened. Answers whether it is.
 */
export function releaseBallastWhenFull(dataDir: string, reserve: ReserveSetting): boolean {
  try {
    const { freeBytes, sizeBytes } = measure(dataDir, reserve);
    if (freeBytes >= Math.max(sizeBytes, leastToOpen)) return false;
    createBallast(dataDir, reserve).release();
    return true;
  } catch {
    return false;
  }
}

/** SQLite's shared memory and the first pages of its log. */
const leastToOpen = 128 * 1024;

function measure(dataDir: string, reserve: ReserveSetting): { freeBytes: number; sizeBytes: number } {
  const { bavail, blocks, bsize } = statfsSync(dataDir);
  const reserveBytes = reserveBytesOf(reserve, { totalBytes: blocks * bsize });
  return { freeBytes: bavail * bsize, sizeBytes: Math.min(largest, Math.floor(reserveBytes / 2)) };
}

function reserveAnd(sizeBytes: number, dataDir: string, reserve: ReserveSetting): number {
  const { blocks, bsize } = statfsSync(dataDir);
  return reserveBytesOf(reserve, { totalBytes: blocks * bsize }) * 2 + sizeBytes * 2;
}

/** Random, because zeros take no room on a disk that compresses. */
async function write(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(randomBytes(sizeBytes));
  } finally {
    await file.close();
  }
}
