// Files of the tree appear whole or not at all: written beside, flushed, renamed. No link below `folder` is followed.
import { FolderTree } from '@moult/disk';

/** Writes `bytes` to `name` below `folder` so that a reader, or a crash, meets the old file or the new one. */
export async function writeFileAtomically(folder: string, name: string, bytes: Uint8Array | string): Promise<void> {
  const tree = new FolderTree(folder);
  try {
    tree.write(name, Buffer.from(bytes), { durable: true, mode: 0o644 });
  } finally {
    tree.close();
  }
}

/** What `reading` gives, or undefined when there is no such file. */
export async function ifThere<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return;
    throw error;
  }
}
