// A disk of its own, so small that it can be filled: a tmpfs. Where it cannot be mounted the test says loudly that it
// tested nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

export interface SmallDisk extends Disposable {
  path: string;
  /** Takes every byte that is free; with `butBytes` leaves about so many. */
  fill(butBytes?: number): void;
  /** Gives back what fill took. */
  free(): void;
  unmount(): void;
}

/** Mounts a disk of so many MiB at `path`. Undefined, and a loud line, where this user or this machine cannot. */
export function mountSmallDisk(path: string, mebibytes: number): SmallDisk | undefined {
  mkdirSync(path, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  if (mounted.status !== 0) {
    console.error('*** NOT TESTED: a full disk. A tmpfs cannot be mounted here; it needs root, which CI is. ***');
    return undefined;
  }
  const filler = join(path, 'filler');
  const piece = Buffer.alloc(65_536, 'x');
  let isMounted = true;
  const unmount = () => {
    if (isMounted) execFileSync('umount', ['-l', path]);
    isMounted = false;
  };
  return {
    path,
    fill(butBytes = 0) {
      for (const bytes of [piece, piece.subarray(0, 4096), piece.subarray(0, 1)]) {
        try {
          while (freeBytes(path) > butBytes + (butBytes > 0 ? bytes.length : 0)) appendFileSync(filler, bytes);
          if (butBytes === 0) appendFileSync(filler, bytes);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        }
      }
    },
    free: () => rmSync(filler, { force: true }),
    unmount,
    [Symbol.dispose]: unmount,
  };
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
