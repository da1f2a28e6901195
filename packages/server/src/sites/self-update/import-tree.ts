// Bringing a Microsoft tree in: checked first, stored byte for byte, then made present by one rename. A running server
// sees the new index within seconds.

import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderTree } from '@moult/disk';
import { collisionKey } from '@moult/formats/paths';
import { counted } from '@moult/formats/text';
import { asDiskTrouble, diskTroubleOf } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { ifThere } from './atomic-file.ts';
import { checkCabinet, claimsToBeCabinet, damageOf } from './cabinet-check.ts';
import { openImportSource, type SourceFile } from './import-source.ts';
import {
  type ImportedFile,
  type ImportedIndex,
  importedPlace,
  type RefusedEntry,
  readImported,
  readImportedIndex,
  reasonOf,
  requireTreePath,
  writeImportedIndex,
} from './imported-index.ts';
import { sha256Of } from './signed-cabinet.ts';
import { importedFolder } from './tree-folders.ts';

interface ImportOptions {
  dataDir: string;
  now: Date;
  /** Roots whose signatures count as `trusted`. Without Microsoft's a good signature is `intact`. */
  trustedCertificatesPem: string[];
  /** The place of a single cabinet. */
  as?: string;
  /** Begin again instead of adding to the earlier imports. */
  replace?: boolean;
  progress?: (path: string) => void;
}

interface ImportReport {
  imported: ImportedFile[];
  /** Files whose cabinets are not signed: stored, but no agent of Microsoft takes them. */
  unsigned: string[];
  /** Files of earlier imports that were not kept: gone, changed, or under a path that is not safe. */
  dropped: RefusedEntry[];
  /** All files of the tree, those of earlier imports too. */
  total: number;
}

type StoreFile = (path: string, bytes: Uint8Array) => void;

const storedFile = { durable: true, mode: 0o644 };

/**
 * Imports a folder or cabinet. Nothing changes if one cabinet is damaged, its signature does not fit, or a path leads
 * out of the tree: SERVER_TREE_DAMAGED names each. Also throws as openImportSource does.
 */
export async function importTree(source: string, options: ImportOptions): Promise<ImportReport> {
  const { dataDir, now } = options;
  const files = await openImportSource(source, options.as);
  requireSafePaths(files);
  const name = `${stampOf(now)}-${randomBytes(4).toString('hex')}`;
  const before = await readImportedIndex(dataDir);
  const index: ImportedIndex = { importedAt: now.toISOString(), folder: name, files: [] };
  const tree = new FolderTree(importedFolder(dataDir));
  const store = (path: string, bytes: Uint8Array) =>
    tree.write(importedPlace(dataDir, index, path).name, bytes, storedFile);
  try {
    index.files = await takeIn(files, store, options);
    const imported = [...index.files];
    const dropped = options.replace ? [] : [...before.refused];
    if (!options.replace) index.files.push(...(await keepEarlier(before.index, index, { store, dataDir, dropped })));
    index.files.sort((a, b) => (a.path.toLowerCase() < b.path.toLowerCase() ? -1 : 1));
    await writeImportedIndex(dataDir, index);
    await removeOld(dataDir, before.index.folder, now);
    const unsigned = imported.filter(({ cabinet }) => cabinet?.signature === 'unsigned').map(({ path }) => path);
    return { imported, unsigned, dropped, total: index.files.length };
  } catch (error) {
    await rm(join(importedFolder(dataDir), name), { recursive: true, force: true });
    throw asDiskTrouble(error, 'Nothing was imported: the tree cannot be written');
  } finally {
    tree.close();
  }
}

/** Takes everything imported out again. Answers how many files that were. */
export async function clearImportedTree(dataDir: string, now: Date): Promise<number> {
  const { index, refused } = await readImportedIndex(dataDir);
  await writeImportedIndex(dataDir, { importedAt: now.toISOString(), folder: '', files: [] });
  await removeOld(dataDir, index.folder, now);
  return index.files.length + refused.length;
}

/** Before the first file is written. */
function requireSafePaths(files: readonly SourceFile[]): void {
  const bad: string[] = [];
  const taken = new Set<string>();
  for (const { path } of files) {
    try {
      requireTreePath(path);
      const key = collisionKey(path.split('/'));
      if (taken.has(key)) bad.push(`${path}: there are two files of this name in different letter case`);
      taken.add(key);
    } catch (error) {
      bad.push(`${JSON.stringify(path.slice(0, 300))}: ${reasonOf(error)}`);
    }
  }
  if (bad.length > 0) throw damaged(bad, files.length);
}

async function takeIn(files: SourceFile[], store: StoreFile, options: ImportOptions): Promise<ImportedFile[]> {
  const taken: ImportedFile[] = [];
  const bad: string[] = [];
  for (const source of files) {
    options.progress?.(source.path);
    const bytes = await source.read();
    try {
      const file = await describe(source, bytes, options);
      if (file.cabinet?.signature === 'altered') bad.push(`${source.path}: its signature does not fit its bytes`);
      taken.push(file);
      store(file.path, bytes);
    } catch (error) {
      // The disk is at fault, not the file.
      if (diskTroubleOf(error)) throw error;
      bad.push(`${source.path}: ${damageOf(error)}`);
    }
  }
  if (bad.length > 0) throw damaged(bad, files.length);
  return taken;
}

function damaged(bad: readonly string[], total: number): ServerError {
  return new ServerError(
    'SERVER_TREE_DAMAGED',
    `Nothing was imported; ${bad.length} of ${counted(total, 'file')} cannot be served:\n  ${bad.join('\n  ')}`,
  );
}

async function describe(source: SourceFile, bytes: Uint8Array, options: ImportOptions): Promise<ImportedFile> {
  const { path, modified } = source;
  const file = { path, sizeBytes: bytes.length, sha256: sha256Of(bytes), modified: modified.toISOString() };
  return claimsToBeCabinet(path, bytes) ? { ...file, cabinet: await checkCabinet(bytes, options) } : file;
}

/**
 * Copies what is still as it was imported. The others are listed in `dropped`, so that a repair never fails on them.
 */
async function keepEarlier(
  before: ImportedIndex,
  index: ImportedIndex,
  { store, dataDir, dropped }: { store: StoreFile; dataDir: string; dropped: RefusedEntry[] },
): Promise<ImportedFile[]> {
  const taken = new Set(index.files.map(({ path }) => collisionKey(path.split('/'))));
  const kept: ImportedFile[] = [];
  for (const file of before.files) {
    if (taken.has(collisionKey(file.path.split('/')))) continue;
    const found = await readImported(dataDir, before, file);
    if ('problem' in found) dropped.push({ path: file.path, why: found.why });
    else {
      store(file.path, found.bytes);
      kept.push(file);
    }
  }
  return kept;
}

// The replaced files go at once. The rest of a killed import goes after an hour, if no other import is at it.
async function removeOld(dataDir: string, replaced: string, now: Date): Promise<void> {
  const hourAgo = stampOf(new Date(now.getTime() - 3_600_000));
  for (const entry of (await ifThere(readdir(importedFolder(dataDir), { withFileTypes: true }))) ?? []) {
    if (entry.isDirectory() && (entry.name === replaced || entry.name < hourAgo)) {
      await rm(join(importedFolder(dataDir), entry.name), { recursive: true, force: true });
    }
  }
}

function stampOf(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14);
}
