// The folder that a bundle is written into: new, empty, or that of an export which was not finished.
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, readdirSync, writeSync } from 'node:fs';
import { FolderTree, openInside, systemCodeOf } from '@moult/disk';
import { toPathSegments } from '@moult/formats/paths';
import { AdministrationError } from '../errors.ts';
import { unfinishedName } from './format.ts';

interface WrittenFile {
  sizeBytes: number;
  sha256: string;
}

type Write = (bytes: Uint8Array, offset?: number) => void;

export class BundleFolder {
  readonly #tree: FolderTree;

  /** Throws AdministrationError ADMINISTRATION_BUNDLE_FOLDER for a folder that holds anything else. */
  constructor(folder: string) {
    const present = entriesOf(folder);
    if (present.length > 0 && !present.includes(unfinishedName))
      throw new AdministrationError(
        'ADMINISTRATION_BUNDLE_FOLDER',
        `${folder} is not empty, and holds no export that was not finished. Name a new folder.`,
      );
    this.#tree = new FolderTree(folder);
    this.#tree.write(unfinishedName, Buffer.from('This export was not finished. Run it again to continue it.\n'));
  }

  /** As `stream`, with bytes that are at hand. */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    await this.stream(name, async (write) => {
      write(bytes);
      return true;
    });
  }

  /**
   * Writes a file, whole or not at all, on the disk before it has its name. It gets none when `work` answers false. Answers as
   * `work` does.
   */
  async stream(name: string, work: (write: Write) => Promise<boolean>): Promise<boolean> {
    const segments = toPathSegments(name);
    const last = segments.at(-1) ?? '';
    const partial = `${last}.partial`;
    const parents = segments.slice(0, -1);
    this.#tree.folder(parents).remove(partial);
    const descriptor = this.#tree.folder(parents).create(partial, 0o666);
    try {
      let isWhole: boolean;
      try {
        isWhole = await work((bytes, offset) => writeAll(descriptor, bytes, offset));
        if (isWhole) fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      if (isWhole) this.#tree.folder(parents).rename(partial, last);
      else this.#tree.folder(parents).remove(partial);
      return isWhole;
    } catch (error) {
      this.#tree.folder(parents).remove(partial);
      throw error;
    }
  }

  /** Digest and size of a file of an earlier attempt. Undefined without one. */
  async find(name: string): Promise<WrittenFile | undefined> {
    return digestInside(this.#tree.path, name);
  }

  /** Removes a file at the top. Nothing happens without one. */
  remove(name: string): void {
    this.#tree.folder([]).remove(name);
  }

  finish(): void {
    this.remove(unfinishedName);
  }

  close(): void {
    this.#tree.close();
  }
}

/** SHA-256 and size of a file below a folder. `take` gets its bytes. Undefined without one. Throws as openInside does. */
export async function digestInside(
  folder: string,
  name: string,
  take?: (piece: Uint8Array) => void,
): Promise<WrittenFile | undefined> {
  const handle = await openInside(folder, name).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    const sha256 = createHash('sha256');
    let sizeBytes = 0;
    for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      sha256.update(piece as Buffer);
      sizeBytes += (piece as Buffer).length;
      take?.(piece as Buffer);
    }
    return { sizeBytes, sha256: sha256.digest('hex') };
  } finally {
    await handle.close();
  }
}

function writeAll(descriptor: number, bytes: Uint8Array, offset: number | undefined): void {
  for (let at = 0; at < bytes.length; )
    at += writeSync(descriptor, bytes, at, bytes.length - at, offset === undefined ? null : offset + at);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
