// One folder that is held open: what is done by a name in it happens in this very folder, or not at all.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { DiskError, systemCodeOf } from './errors.ts';
import { removeFileWhenFree, renameWhenFree } from './when-free.ts';

const folderFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
const newFileFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

export class OpenFolder {
  /** For people, and without a /proc. */
  readonly path: string;
  readonly #descriptor: number | undefined;

  private constructor(path: string, descriptor: number | undefined) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /** Opens the folder at a path without links. `byDescriptor` where there is a /proc, if it works. */
  static open(path: string, byDescriptor: boolean): OpenFolder {
    const descriptor = byDescriptor ? openSync(path, folderFlags) : undefined;
    const folder = new OpenFolder(path, descriptor);
    if (descriptor === undefined || folder.#isNamedByProc()) return folder;
    closeSync(descriptor);
    return new OpenFolder(path, undefined);
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  /** The folder `name` in this one, made if it is not there. Throws DISK_LEADS_OUT when it is a link or a file. */
  enter(name: string): OpenFolder {
    const path = this.pathOf(name);
    return this.#named(name, (place) => {
      const found = lstatSync(place, { throwIfNoEntry: false });
      if (!found) mkdirOnce(place);
      else if (!found.isDirectory()) throw leadsOut(path, 'it is not a folder');
      if (this.#descriptor === undefined) return new OpenFolder(path, undefined);
      return new OpenFolder(path, openFolder(place, path));
    });
  }

  /** A descriptor of a new, empty file. Throws EEXIST when anything, a link too, has the name. */
  create(name: string, mode: number): number {
    const descriptor = this.#named(name, (place) => openSync(place, newFileFlags, mode));
    try {
      this.#requireInPlace(name, descriptor);
      return descriptor;
    } catch (error) {
      closeSync(descriptor);
      this.remove(name);
      throw error;
    }
  }

  /** Whether `name` is a folder. Of a link: no. */
  isFolder(name: string): boolean {
    return this.#named(name, (place) => lstatSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false);
  }

  /** Within this folder. Takes the place of a file or link that has the name `to`. */
  rename(from: string, to: string): void {
    this.#named(to, (place) => renameWhenFree(this.#place(from), place));
  }

  /** Removes a file or link. Nothing happens without one, or if this folder is not in its place any more. */
  remove(name: string): void {
    try {
      removeFileWhenFree(this.#place(name));
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #place(name: string): string {
    if (this.#descriptor !== undefined) return `/proc/self/fd/${this.#descriptor}/${name}`;
    if (realpathSync.native(this.path) !== this.path) throw leadsOut(this.path, 'a link has taken its place');
    return this.pathOf(name);
  }

  /** Errors of the system tell the path that people know. */
  #named<Result>(name: string, work: (place: string) => Result): Result {
    const place = this.#place(name);
    try {
      return work(place);
    } catch (error) {
      if (error instanceof Error) error.message = error.message.replaceAll(place, this.pathOf(name));
      throw error;
    }
  }

  /** A new file that came to be somewhere else is empty. Nothing is written to it. */
  #requireInPlace(name: string, descriptor: number): void {
    if (this.#descriptor !== undefined) {
      if (readlinkSync(`/proc/self/fd/${this.#descriptor}`) === this.path) return;
      throw leadsOut(this.path, 'it was moved meanwhile');
    }
    const [made, there] = [fstatSync(descriptor, { bigint: true }), lstatSync(this.#place(name), { bigint: true })];
    if (made.ino !== there.ino || made.dev !== there.dev) throw leadsOut(this.path, 'a link has taken its place');
  }

  #isNamedByProc(): boolean {
    const held = fstatSync(this.#descriptor ?? -1, { bigint: true });
    const named = statSync(`/proc/self/fd/${this.#descriptor}/.`, { bigint: true, throwIfNoEntry: false });
    return named?.ino === held.ino && named.dev === held.dev;
  }
}

/** Another process may have made it meanwhile. Its kind is for the next step to see. */
function mkdirOnce(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error;
  }
}

function openFolder(place: string, path: string): number {
  try {
    return openSync(place, folderFlags);
  } catch (cause) {
    if (systemCodeOf(cause) === 'ELOOP' || systemCodeOf(cause) === 'ENOTDIR')
      throw leadsOut(path, 'it is not a folder');
    throw cause;
  }
}

function leadsOut(path: string, why: string): DiskError {
  return new DiskError(
    'DISK_LEADS_OUT',
    `Nothing is written to ${path}: ${why}. Use a folder that no other user changes.`,
  );
}
