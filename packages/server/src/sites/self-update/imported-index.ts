// The index of an imported Microsoft tree: which URL path is which file, and what was found when it came in. The files
// lie in a folder of their own for each import; the index names the folder, so that one rename changes all at once.
import { join } from 'node:path';
import { readIfThere, writeFileAtomically } from './atomic-file.ts';
import type { SignatureState } from './cabinet-check.ts';
import { importedFolder } from './tree-folders.ts';

export interface ImportedFile {
  /** URL path without the leading slash, in the letters of the source: `selfupdate/AU/x86/XP/EN/wuaucomp.cab`. */
  path: string;
  sizeBytes: number;
  sha256: string;
  /** ISO 8601. Served as Last-Modified. */
  modified: string;
  cabinet?: { members: number; signature: SignatureState; signer: string; root: string };
}

export interface ImportedIndex {
  importedAt: string;
  /** Name of the folder beside the index that holds the files under their paths. */
  folder: string;
  files: ImportedFile[];
}

const none: ImportedIndex = { importedAt: '', folder: '', files: [] };

/** The present index; one without files when nothing was imported. Throws a SyntaxError when it was tampered with. */
export async function readImportedIndex(dataDir: string): Promise<ImportedIndex> {
  const text = await readIfThere(importedIndexPath(dataDir));
  return text ? { ...none, ...JSON.parse(text.toString('utf8')) } : none;
}

/** Makes `index` the present one. */
export async function writeImportedIndex(dataDir: string, index: ImportedIndex): Promise<void> {
  await writeFileAtomically(importedIndexPath(dataDir), `${JSON.stringify(index, undefined, 2)}\n`);
}

export function importedIndexPath(dataDir: string): string {
  return join(importedFolder(dataDir), 'index.json');
}

/** Where the bytes of `file` lie. */
export function importedFilePath(dataDir: string, index: ImportedIndex, file: ImportedFile): string {
  return join(importedFolder(dataDir), index.folder, file.path);
}
