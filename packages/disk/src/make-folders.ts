// Folders, with those above. Node's own way goes on for ever where a folder is there and cannot hold another one, as /proc.
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isThere } from './is-there.ts';

/**
 * Makes the folder and those above that are missing, each with `mode` (default 0o777). The user's mask applies. Answers the
 * first one that it made. Undefined: all were there. Throws as mkdir does.
 */
export function makeFolders(path: string, { mode = 0o777 }: { mode?: number } = {}): string | undefined {
  const missing: string[] = [];
  let first: string | undefined;
  for (let at = resolve(path); ; at = dirname(at)) {
    const made = tryMake(at, mode);
    if (made === 'no parent') missing.push(at);
    else {
      if (made === 'made') first = at;
      break;
    }
  }
  for (const folder of missing.reverse()) if (tryMake(folder, mode) === 'made') first ??= folder;
  return first;
}

function tryMake(path: string, mode: number): 'made' | 'there' | 'no parent' {
  try {
    mkdirSync(path, { mode });
    return 'made';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A system may say first that the disk is read-only, or that access is denied, although the folder is there.
    if (code !== 'ENOENT' && isFolder(path)) return 'there';
    if (code === 'ENOENT' && dirname(path) !== path && !isThere(dirname(path))) return 'no parent';
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
