// Files and folders that belong to the server alone, whatever the umask. A command of root on a server of another user
// gives the files to that user. The server must read them.
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolders, openOwnToAppend } from '@moult/disk';

/** Makes a folder for its owner only. One that is there keeps its mode. */
export function makePrivateFolder(path: string): void {
  if (makeFolders(path, { mode: 0o700 }) === undefined) return;
  chmodSync(path, 0o700);
  giveToOwnerOf(dirname(path), path);
}

/** The file is there afterwards, for its owner only: SQLite makes it as the umask says. */
export function makePrivateFile(file: string): void {
  const handle = openOwnToAppend(file, 0o600);
  try {
    if (process.platform !== 'win32' && (fstatSync(handle).mode & 0o077) !== 0) fchmodSync(handle, 0o600);
    giveOpenToOwnerOf(dirname(file), handle);
  } finally {
    closeSync(handle);
  }
}

/** Writes a file for its owner only: whole and on disk, or not at all. */
export function writePrivateFile(file: string, content: string | Uint8Array): void {
  const draft = `${file}.${randomUUID()}.new`;
  const handle = openSync(draft, 'wx', 0o600);
  let isOpen = true;
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
    giveOpenToOwnerOf(dirname(file), handle);
    closeSync(handle);
    isOpen = false;
    renameSync(draft, file);
  } catch (error) {
    if (isOpen) closeSync(handle);
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Gives everything below `path`, and itself, to the owner of `folder`. No effect for anybody but root. */
export function giveTreeToOwnerOf(folder: string, path: string): void {
  if (process.geteuid?.() !== 0) return;
  giveToOwnerOf(folder, path);
  for (const entry of readdirSync(path, { withFileTypes: true, recursive: true })) {
    if (entry.isFile() || entry.isDirectory()) giveToOwnerOf(folder, join(entry.parentPath, entry.name));
  }
}

function giveToOwnerOf(folder: string, path: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  const present = lstatSync(path);
  // Never where a link leads that the other user put there meanwhile: that could be any file of root.
  if (uid !== 0 && (present.uid !== uid || present.gid !== gid)) lchownSync(path, uid, gid);
}

function giveOpenToOwnerOf(folder: string, handle: number): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  const present = fstatSync(handle);
  if (uid !== 0 && (present.uid !== uid || present.gid !== gid)) fchownSync(handle, uid, gid);
}
