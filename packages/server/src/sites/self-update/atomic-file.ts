// Files of the tree appear whole or not at all: written beside, flushed, renamed. No link below `folder` is followed.
import { join } from 'node:path';
import { FolderTree } from '@moult/disk';
import { withDiskTrouble } from '@moult/store';

/**
 * Writes `bytes` to `name` below `folder`. A reader, or a crash, meets the old file or the new one. Throws
 * ServerError SERVER_DISK_FULL when the disk refuses.
 */
export async function writeFileAtomically(folder: string, name: string, bytes: Uint8Array | string): Promise<void> {
  await withDiskTrouble(`${join(folder, name)} cannot be written`, async () => writeWhole(folder, name, bytes));
}

function writeWhole(folder: string, name: string, bytes: Uint8Array | string): void {
  const tree = new FolderTree(folder);
  try {
    tree.write(name, Buffer.from(bytes), { durable: true, mode: 0o644 });
  } finally {
    tree.close();
  }
}

/** The value of `reading`, or undefined if the file is missing. */
export async function ifThere<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return;
    throw error;
  }
}
