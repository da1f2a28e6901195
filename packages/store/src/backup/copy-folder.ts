// Copies a folder of the data directory into a backup as it was at one moment. Others may change the folder meanwhile.
import { chmodSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderTree, readInside } from '@moult/disk';
import { makePrivateFolder } from '../data-dir/private-files.ts';
import { ServerError } from '../errors.ts';

const attempts = 5;

/**
 * Copies all regular files. A folder that is not there becomes an empty one. Throws SERVER_REFUSED when it never stands
 * still.
 */
export async function copyFolder(source: string, target: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await list(source);
    makePrivateFolder(target);
    const isWhole = await copyFiles(source, target, [...before.keys()]);
    if (isWhole && sameList(before, await list(source))) return;
    await rm(target, { recursive: true, force: true });
  }
  throw new ServerError('SERVER_REFUSED', `${source} changes all the time. Make the backup when no import runs.`);
}

async function copyFiles(source: string, target: string, names: string[]): Promise<boolean> {
  const tree = new FolderTree(target);
  try {
    for (const name of names) tree.write(name, await readInside(source, name), { mode: 0o600, durable: true });
    const folders = new Set(names.flatMap(foldersOf));
    for (const name of folders) chmodSync(join(target, name), 0o700);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  } finally {
    tree.close();
  }
}

/** `a/b/c` → `a`, `a/b`. */
function foldersOf(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Regular files by name, each with what changes when it is another. */
async function list(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of await readdir(join(folder, below)).catch(() => [])) {
      const name = below === '' ? entry : `${below}/${entry}`;
      const facts = await lstat(join(folder, name)).catch(() => undefined);
      if (facts?.isDirectory()) waiting.push(name);
      else if (facts?.isFile() && !isFleeting(name)) found.set(name, `${facts.ino} ${facts.size} ${facts.mtimeMs}`);
    }
  }
  return found;
}

/** Locks, and files that are being written. */
function isFleeting(name: string): boolean {
  return name === 'lock' || /\.(?:new|partial|tmp)$/.test(name);
}

function sameList(a: Map<string, string>, b: Map<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, facts]) => b.get(name) === facts);
}
