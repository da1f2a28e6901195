// The files of a folder and of all folders below, in a steady order: those that may hold update metadata, and all
// others with what they are.
import { closeSync, type Dirent, readdirSync, readSync } from 'node:fs';
import { extname, join } from 'node:path';
import { openOutside } from '@moult/disk';
import { fileKind, fileKindBytes } from '@moult/formats';
import { type FoundDocument, refusalOf } from './found-document.ts';

type FolderEntry = { file: string } | Extract<FoundDocument, { refused: unknown } | { passedOver: unknown }>;

/** Folders that cannot be read are refused by name. Links are not followed. */
export function* filesUnder(folder: string): Generator<FolderEntry> {
  const open = [folder];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const entries = entriesOf(path);
    if ('refused' in entries) {
      yield entries;
      continue;
    }
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
    open.push(...folders.reverse());
    for (const entry of entries) if (!entry.isDirectory()) yield entryOf(join(path, entry.name), entry);
  }
}

function entriesOf(folder: string): Dirent[] | Extract<FoundDocument, { refused: unknown }> {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return refusalOf(folder, error);
  }
}

function entryOf(name: string, entry: Dirent): FolderEntry {
  if (entry.isSymbolicLink()) return { name, passedOver: 'a link, which is not followed' };
  if (!entry.isFile()) return { name, passedOver: 'not a regular file' };
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_\d+\.cab$/i.test(entry.name)) {
    return { name, passedOver: 'payload of a published update' };
  }
  if (/\.(xml|cab|gz)$/i.test(entry.name) || entry.name === 'metadata.txt') return { file: name };
  const kind = kindOf(name, entry.name);
  return /\.msu$/i.test(entry.name) && kind === 'a cabinet' ? { file: name } : { name, passedOver: kind };
}

/** By how the file begins. Of what is not known so, by its extension. */
function kindOf(path: string, name: string): string {
  const extension = extname(name).toLowerCase();
  if (extension === '.sdp') return 'a package of a vendor catalog (.sdp), which "moult catalog add" takes';
  const kind = fileKind(firstBytes(path));
  if (kind === 'a Windows image (.wim, .esd)' && extension === '.msu')
    return 'an .msu of Windows 11, which holds no metadata';
  return kind ?? (/^\.[a-z0-9]{1,16}$/.test(extension) ? `a ${extension} file` : 'a file of an unknown kind');
}

function firstBytes(path: string): Uint8Array {
  try {
    return headOf(path);
  } catch {
    // Its name alone is told: this file was not asked for.
    return Buffer.from('?');
  }
}

/** The first bytes of a file, as many as fileKind looks at. Throws as openOutside does. */
export function headOf(path: string): Uint8Array {
  const file = openOutside(path);
  try {
    const bytes = Buffer.alloc(fileKindBytes);
    return bytes.subarray(0, readSync(file, bytes, 0, fileKindBytes, 0));
  } finally {
    closeSync(file);
  }
}
