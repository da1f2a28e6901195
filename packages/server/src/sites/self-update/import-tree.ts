// Bringing a Microsoft tree in: checked first, stored byte for byte, then made present by one rename. A running server
// sees the new index within seconds.
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServerError } from '../../errors.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { checkCabinet, claimsToBeCabinet, damageOf } from './cabinet-check.ts';
import { openImportSource, type SourceFile } from './import-source.ts';
import {
  type ImportedFile,
  type ImportedIndex,
  importedFilePath,
  readImportedIndex,
  writeImportedIndex,
} from './imported-index.ts';
import { sha256Of } from './signed-cabinet.ts';
import { importedFolder } from './tree-folders.ts';

export interface ImportOptions {
  dataDir: string;
  now: Date;
  /** Roots whose signatures count as `trusted`; without Microsoft's a good signature is `intact`. */
  trustedCertificatesPem: string[];
  /** Where a single cabinet belongs. */
  as?: string;
  /** Begin anew instead of adding to what was imported before. */
  replace?: boolean;
  progress?: (path: string) => void;
}

export interface ImportReport {
  imported: ImportedFile[];
  /** Files whose cabinets are not signed: stored, but no agent of Microsoft takes them. */
  unsigned: string[];
  /** All files of the tree, those of earlier imports too. */
  total: number;
}

/**
 * Imports a folder or cabinet. Nothing is changed when one cabinet is damaged or its signature does not fit:
 * SERVER_TREE_DAMAGED names each. Also throws as openImportSource does.
 */
export async function importTree(source: string, options: ImportOptions): Promise<ImportReport> {
  const { dataDir, now } = options;
  const files = await openImportSource(source, options.as);
  const name = `${stampOf(now)}-${randomBytes(4).toString('hex')}`;
  const before = await readImportedIndex(dataDir);
  const index: ImportedIndex = { importedAt: now.toISOString(), folder: name, files: [] };
  try {
    index.files = await takeIn(files, index, options);
    const imported = [...index.files];
    if (!options.replace) index.files.push(...(await keepEarlier(dataDir, before, index)));
    index.files.sort((a, b) => (a.path.toLowerCase() < b.path.toLowerCase() ? -1 : 1));
    await writeImportedIndex(dataDir, index);
    await removeOld(dataDir, before.folder, now);
    const unsigned = imported.filter(({ cabinet }) => cabinet?.signature === 'unsigned').map(({ path }) => path);
    return { imported, unsigned, total: index.files.length };
  } catch (error) {
    await rm(join(importedFolder(dataDir), name), { recursive: true, force: true });
    throw error;
  }
}

/** Takes everything imported out again; answers how many files that were. */
export async function clearImportedTree(dataDir: string, now: Date): Promise<number> {
  const { files, folder } = await readImportedIndex(dataDir);
  await writeImportedIndex(dataDir, { importedAt: now.toISOString(), folder: '', files: [] });
  await removeOld(dataDir, folder, now);
  return files.length;
}

async function takeIn(files: SourceFile[], index: ImportedIndex, options: ImportOptions): Promise<ImportedFile[]> {
  const taken = new Map<string, ImportedFile>();
  const damaged: string[] = [];
  for (const source of files) {
    options.progress?.(source.path);
    const key = source.path.toLowerCase();
    if (taken.has(key)) damaged.push(`${source.path}: there are two files of this name in different letter case`);
    const bytes = await source.read();
    try {
      const file = await describe(source, bytes, options);
      if (file.cabinet?.signature === 'altered') damaged.push(`${source.path}: its signature does not fit its bytes`);
      taken.set(key, file);
      await writeFileAtomically(importedFilePath(options.dataDir, index, file), bytes);
    } catch (error) {
      damaged.push(`${source.path}: ${damageOf(error)}`);
    }
  }
  if (damaged.length > 0) {
    throw new ServerError(
      'SERVER_TREE_DAMAGED',
      `Nothing was imported; ${damaged.length} of ${files.length} files cannot be served:\n  ${damaged.join('\n  ')}`,
    );
  }
  return [...taken.values()];
}

async function describe(source: SourceFile, bytes: Uint8Array, options: ImportOptions): Promise<ImportedFile> {
  const { path, modified } = source;
  const file = { path, sizeBytes: bytes.length, sha256: sha256Of(bytes), modified: modified.toISOString() };
  return claimsToBeCabinet(path, bytes) ? { ...file, cabinet: await checkCabinet(bytes, options) } : file;
}

async function keepEarlier(dataDir: string, before: ImportedIndex, index: ImportedIndex): Promise<ImportedFile[]> {
  const taken = new Set(index.files.map(({ path }) => path.toLowerCase()));
  const kept = before.files.filter(({ path }) => !taken.has(path.toLowerCase()));
  for (const file of kept) {
    const target = importedFilePath(dataDir, index, file);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(importedFilePath(dataDir, before, file), target);
  }
  return kept;
}

// What was replaced goes at once; what a killed import left behind goes after an hour, when no other import is at it.
async function removeOld(dataDir: string, replaced: string, now: Date): Promise<void> {
  const hourAgo = stampOf(new Date(now.getTime() - 3_600_000));
  for (const entry of await readdir(importedFolder(dataDir), { withFileTypes: true })) {
    if (entry.isDirectory() && (entry.name === replaced || entry.name < hourAgo)) {
      await rm(join(importedFolder(dataDir), entry.name), { recursive: true, force: true });
    }
  }
}

function stampOf(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14);
}
