// The reserve is the part of a disk that the server leaves free. Default: 1 % of the disk, at most 200 MiB. So a home
// server on a small card and a large server both have room to clean up.

import { statfs } from 'node:fs/promises';
import { keptBounds } from '../declared-bounds.ts';

/** Mebibytes, or `auto`. 0 turns the reserve off. */
export type ReserveSetting = number | 'auto';

export interface DiskSpace {
  /** For this user, as `df` shows it. */
  freeBytes: number;
  totalBytes: number;
}

const mebibyte = 1_048_576;

export function reserveBytesOf(setting: ReserveSetting, { totalBytes }: Pick<DiskSpace, 'totalBytes'>): number {
  return setting === 'auto' ? Math.min(keptBounds.reserveBytes, Math.floor(totalBytes / 100)) : setting * mebibyte;
}

export async function spaceOfFolder(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
