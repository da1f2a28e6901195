// The folder that members are unpacked into. Names come from strangers: nothing is written outside the folder, through
// a link, over another member, or half.
import { closeSync, futimesSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { DiskError, FolderTree, type OpenFolder } from '@moult/disk';
import { FormatError } from '@moult/formats';
import { type CabinetMember, toMemberPath } from '@moult/formats/cab';
import { collisionKey } from '@moult/formats/paths';
import { UsageError } from '../terminal.ts';

const bufferBytes = 2 ** 20;
/** On the thread pool. */
const writeLater = promisify(write);

export class ExtractionTarget {
  readonly #tree: FolderTree;
  readonly #taken = new Map<string, 'file' | 'folder'>();
  #written = 0;

  /** Creates the folder if need be. Throws UsageError where there can be none. */
  constructor(folder: string) {
    try {
      this.#tree = new FolderTree(folder);
    } catch (error) {
      throw new UsageError(`${folder} cannot be a folder: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * The place of `member` on the disk. Its name is taken from now on. Throws FORMAT_UNSAFE_NAME for a name that leads
   * out, names a device, or is another member's in some letter case.
   */
  reserve(member: CabinetMember): string[] {
    const segments = toMemberPath(member.name);
    for (let depth = 1; depth < segments.length; depth++) {
      const key = collisionKey(segments.slice(0, depth));
      if (this.#taken.get(key) === 'file')
        throw clash(member, 'another member is a file where this one needs a folder');
      this.#taken.set(key, 'folder');
    }
    const key = collisionKey(segments);
    if (this.#taken.has(key)) throw clash(member, 'another member has this name in other letter case');
    this.#taken.set(key, 'file');
    return segments;
  }

  /**
   * Writes a reserved member from its pieces, whole or not at all. Answers its path. Throws FORMAT_UNSAFE_NAME if a
   * link, a file or a folder is in the way, also one that came meanwhile.
   */
  async write(member: CabinetMember, segments: readonly string[], pieces: Iterable<Uint8Array>): Promise<string> {
    try {
      const folder = this.#tree.folder(segments.slice(0, -1));
      return await this.#writeTo(folder, member, segments.at(-1) ?? '', pieces);
    } catch (error) {
      throw error instanceof DiskError ? clash(member, error.message.replace(/\.$/, '')) : error;
    }
  }

  close(): void {
    this.#tree.close();
  }

  async #writeTo(
    folder: OpenFolder,
    member: CabinetMember,
    name: string,
    pieces: Iterable<Uint8Array>,
  ): Promise<string> {
    const path = folder.pathOf(name);
    const small = member.sizeBytes <= bufferBytes ? gather(member, pieces) : undefined;
    if (small && writeNew(folder, name, member, small)) return path;
    if (folder.isFolder(name)) throw clash(member, `${path} is a folder`);
    const partial = `.moult-${process.pid}-${this.#written++}.partial`;
    try {
      if (small) writeNew(folder, partial, member, small);
      else await writeLarge(folder.create(partial, fileMode(member)), member, pieces);
      folder.rename(partial, name);
    } catch (error) {
      folder.remove(partial);
      throw error;
    }
    return path;
  }
}

/** All of a small member, before any file is touched. */
function gather(member: CabinetMember, pieces: Iterable<Uint8Array>): Uint8Array {
  const bytes = Buffer.allocUnsafe(member.sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Writes a file that was not there (nor a link in its place). False when something was. */
function writeNew(folder: OpenFolder, name: string, member: CabinetMember, bytes: Uint8Array): boolean {
  let descriptor: number;
  try {
    descriptor = folder.create(name, fileMode(member));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    const modified = toLocalTime(member.modified);
    if (modified) futimesSync(descriptor, modified, modified);
  } catch (error) {
    folder.remove(name);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/** Two buffers: one is written by the system while the other is filled. Closes the descriptor. */
async function writeLarge(descriptor: number, member: CabinetMember, pieces: Iterable<Uint8Array>): Promise<void> {
  try {
    await writePieces(descriptor, pieces);
    const modified = toLocalTime(member.modified);
    if (modified) futimesSync(descriptor, modified, modified);
  } finally {
    closeSync(descriptor);
  }
}

async function writePieces(descriptor: number, pieces: Iterable<Uint8Array>): Promise<void> {
  let filling = Buffer.allocUnsafe(bufferBytes);
  let spare = Buffer.allocUnsafe(bufferBytes);
  let filled = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const flush = async () => {
    await writing;
    writing = writeWhole(descriptor, filling.subarray(0, filled));
    // Its failure is reported where it is awaited.
    writing.catch(() => undefined);
    [filling, spare] = [spare, filling];
    filled = 0;
  };
  try {
    for (const piece of pieces) {
      if (filled + piece.length > filling.length) await flush();
      filling.set(piece, filled);
      filled += piece.length;
    }
    await flush();
    await writing;
  } finally {
    // The caller closes the file: a write that is still under way meets the file that is opened next.
    await writing.catch(() => undefined);
  }
}

async function writeWhole(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await writeLater(descriptor, bytes, at)).bytesWritten;
}

/** MS-CAB 2.4: read-only, and "run after extraction", which means a program. The user's mask applies. */
function fileMode({ attributes }: CabinetMember): number {
  return ((attributes & 1) !== 0 ? 0o444 : 0o666) | ((attributes & 0x40) !== 0 ? 0o111 : 0);
}

/** DOS times are local times. The library gives them as if they were UTC. */
function toLocalTime(modified: Date | undefined): Date | undefined {
  if (!modified) return undefined;
  const [date, time] = [modified.toISOString().slice(0, 10), modified.toISOString().slice(11, 19)];
  return new Date(`${date}T${time}`);
}

function clash(member: CabinetMember, why: string): FormatError {
  const message = `${JSON.stringify(member.name)} is not unpacked: ${why}.`;
  return new FormatError('FORMAT_UNSAFE_NAME', message, { member: member.name, offset: member.entryOffset });
}
