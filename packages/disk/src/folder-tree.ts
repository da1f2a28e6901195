// Writing below a folder by names from outside, while somebody else may put links in place of folders. Node has no
// openat: on Linux an open folder is named by /proc/self/fd/N. That leads to this very folder wherever its path leads
// by now. Elsewhere the path is resolved before each use. A new file is empty until it is known to be in its place.

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, futimesSync, realpathSync, writeSync } from 'node:fs';
import { toPathSegments } from '@moult/formats/paths';
import { fileBounds } from './bounds.ts';
import { makeFolders } from './make-folders.ts';
import { OpenFolder } from './open-folder.ts';

interface NewFile {
  /** Default 0o666. The user's mask applies. */
  mode?: number;
  modified?: Date;
  /** Flushed to the disk before it has its name. Default false. */
  durable?: boolean;
}

export class FolderTree {
  readonly #root: OpenFolder;
  /** By their paths from the root, the last used last. */
  readonly #open = new Map<string, OpenFolder>();

  /**
   * Makes the folder if need be. Links in its own path are followed, once: the caller named it. `byDescriptor` tells
   * whether open folders are named by /proc. Default: on Linux. Throws as mkdir does.
   */
  constructor(folder: string, { byDescriptor = process.platform === 'linux' } = {}) {
    makeFolders(folder);
    this.#root = OpenFolder.open(realpathSync.native(folder), byDescriptor);
  }

  /** Without links. */
  get path(): string {
    return this.#root.path;
  }

  /**
   * The folder of these names, made if need be. Good until the next call. `segments` come from `toPathSegments`.
   * Throws DISK_LEADS_OUT if a link or a file is on the way.
   */
  folder(segments: readonly string[]): OpenFolder {
    let folder = this.#root;
    let key = '';
    for (const segment of segments) {
      key += `/${segment}`;
      const known = this.#open.get(key);
      if (known) this.#open.delete(key);
      folder = known ?? folder.enter(segment);
      this.#open.set(key, folder);
    }
    this.#closeOldest(segments.length);
    return folder;
  }

  /**
   * Writes the file `name`, whole or not at all, in place of one that was there. Answers its path. Throws
   * FORMAT_UNSAFE_NAME, DISK_LEADS_OUT and the system's errors (ENOSPC …) with the real path.
   */
  write(name: string, bytes: Uint8Array, { mode = 0o666, modified, durable = false }: NewFile = {}): string {
    const segments = toPathSegments(name);
    const last = segments.at(-1) ?? '';
    const folder = this.folder(segments.slice(0, -1));
    const partial = `.moult-${randomBytes(8).toString('hex')}.partial`;
    const descriptor = folder.create(partial, mode);
    try {
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
        if (modified) futimesSync(descriptor, modified, modified);
        if (durable) fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      folder.rename(partial, last);
    } catch (error) {
      folder.remove(partial);
      throw error;
    }
    return folder.pathOf(last);
  }

  close(): void {
    for (const folder of this.#open.values()) folder.close();
    this.#open.clear();
    this.#root.close();
  }

  /** Never one of the `inUse` that were used last. */
  #closeOldest(inUse: number): void {
    for (const [key, folder] of this.#open) {
      if (this.#open.size <= Math.max(fileBounds.maxOpenFolders, inUse)) return;
      folder.close();
      this.#open.delete(key);
    }
  }
}
