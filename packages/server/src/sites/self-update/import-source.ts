// The sources of `moult tree import`: the folder of a WSUS or SUS server, its web root, a cabinet with such a folder,
// or one cabinet. Here a source becomes URL paths and bytes. Nothing is judged yet.

import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { readInside, readOutside } from '@moult/disk';
import { extractAll, readCabinet } from '@moult/formats/cab';
import { selfUpdatePaths } from '@moult/protocol/self-update';
import { ServerError } from '@moult/store/errors';
import { treeBounds } from '../../bounds.ts';
import { isTreePath, requireTreePath } from './imported-index.ts';

export interface SourceFile {
  /** URL path without the leading slash. */
  path: string;
  modified: Date;
  read(): Promise<Uint8Array>;
}

/**
 * The files of `source` under the paths they will be served at. `as` places a single cabinet whose name does not
 * tell. Throws SERVER_TREE_NOT_FOUND, SERVER_TREE_NOT_A_TREE, and DISK_NOT_A_FILE for a pipe or a device.
 */
export async function openImportSource(source: string, as?: string): Promise<SourceFile[]> {
  const found = await stat(source).catch((cause) => {
    throw new ServerError('SERVER_TREE_NOT_FOUND', `${source} cannot be read.`, { cause });
  });
  if (found.isDirectory()) return placeTree(source, await filesUnder(source));
  const bytes = readOutside(source);
  if (as !== undefined) return [{ path: givenPath(as), modified: found.mtime, read: async () => bytes }];
  return fromCabinet(source, bytes, found.mtime);
}

interface Found {
  /** `/` between folders. */
  name: string;
  modified: Date;
  read(): Promise<Uint8Array>;
}

async function filesUnder(folder: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // Links are not followed: a tree is copied, not whatever it points to.
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { mtime, size } = await lstat(path);
    const name = relative(folder, path).split(sep).join('/');
    if (size > treeBounds.maxFileBytes)
      throw notATree(folder, `${name} is larger than ${treeBounds.maxFileBytes} bytes`);
    found.push({ name, modified: mtime, read: () => readInside(folder, name) });
    if (found.length > treeBounds.maxFiles) throw notATree(folder, `it holds more than ${treeBounds.maxFiles} files`);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

// A web root holds a folder SelfUpdate. The folder itself holds wuident.cab or the branches AU and WSUS3.
function placeTree(source: string, files: Found[]): SourceFile[] {
  const inRoot = files.filter(({ name }) => isTreePath(name));
  if (inRoot.some(({ name }) => /^selfupdate\//i.test(name))) return inRoot.map((file) => placed(file, file.name));
  const isTree = files.some(({ name }) => /^(wuident\.cab$|au\/|wsus3\/)/i.test(name));
  if (isTree) {
    const inTree = files.filter(({ name }) => !/^(iuident\.cab|wutrack\.bin)$/i.test(name));
    return [
      ...inRoot.map((file) => placed(file, file.name)),
      ...inTree.map((file) => placed(file, `${selfUpdatePaths.tree.slice(1)}/${file.name}`)),
    ];
  }
  if (inRoot.length > 0) return inRoot.map((file) => placed(file, file.name));
  throw notATree(source, 'there is neither a folder SelfUpdate, AU or WSUS3 in it, nor wuident.cab or iuident.cab');
}

function fromCabinet(source: string, bytes: Uint8Array, modified: Date): SourceFile[] {
  const cabinet = readCabinet(bytes);
  const names = cabinet.members.map(({ name }) => name.replaceAll('\\', '/'));
  const ident = names.some((name) => /^wuident\.txt$/i.test(name))
    ? selfUpdatePaths.wuident
    : names.some((name) => /^iuident\.txt$/i.test(name))
      ? selfUpdatePaths.iuident
      : undefined;
  if (ident) return [{ path: ident.slice(1), modified, read: async () => bytes }];
  if (!names.some((name) => /\.cab$/i.test(name))) {
    const hint = `say where it belongs: --as selfupdate/AU/x86/XP/EN/${basename(source)}`;
    throw notATree(source, `it holds neither a tree nor an ident file; if it is one cabinet of a tree, ${hint}`);
  }
  const contents = extractAll(cabinet);
  const files = cabinet.members.map(({ name, modified: written }) => ({
    name: name.replaceAll('\\', '/'),
    modified: written ?? modified,
    read: async () => contents.get(name) ?? new Uint8Array(),
  }));
  return placeTree(source, files);
}

function placed({ modified, read }: Found, path: string): SourceFile {
  return { path, modified, read };
}

function givenPath(as: string): string {
  const path = as.replaceAll('\\', '/').replace(/^\/+/, '');
  try {
    requireTreePath(path);
    return path;
  } catch (cause) {
    const text = `${as} is not a path of a self-update tree (selfupdate/…, iuident.cab).`;
    throw new ServerError('SERVER_TREE_NOT_A_TREE', text, { cause });
  }
}

function notATree(source: string, why: string): ServerError {
  return new ServerError('SERVER_TREE_NOT_A_TREE', `${source} is not a self-update tree: ${why}.`);
}
