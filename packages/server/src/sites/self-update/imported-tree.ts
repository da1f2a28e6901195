// The imported tree as the site asks it: a URL path, or the best language for one, to a file that can be served.
import { readFile, stat } from 'node:fs/promises';
import {
  languageFallback,
  moultAgentHeader,
  resolveSelfUpdatePath,
  type SelfUpdateFile,
} from '@moult/protocol/self-update';
import { createMemoryFile, type FileOnDisk, type MemoryFile } from '../../static-file/index.ts';
import {
  type ImportedFile,
  type ImportedIndex,
  importedFilePath,
  importedIndexPath,
  readImportedIndex,
} from './imported-index.ts';

export type ServableFile = { kind: 'memory'; file: MemoryFile } | { kind: 'disk'; file: FileOnDisk };

export interface ImportedTree {
  readonly fileCount: number;
  /** By URL path, in any letter case, without a leading slash. */
  find(route: string): ServableFile | undefined;
  /** The release folder of the best language that was imported for this processor and system. */
  findRelease(asked: Extract<SelfUpdateFile, { kind: 'wuaucomp' }>): ServableFile | undefined;
  /** Whether `route` is a folder above an imported file. */
  isFolder(route: string): boolean;
}

/** Small files are answered from memory. */
const maxMemoryFileBytes = 1024 * 1024;
const maxMemoryBytes = 64 * 1024 * 1024;

/** Loads what was imported. */
export async function openImportedTree(dataDir: string): Promise<ImportedTree> {
  const index = await readImportedIndex(dataDir);
  const files = new Map<string, ServableFile>();
  const releases = new Map<string, ServableFile>();
  const folders = new Set<string>();
  let inMemory = 0;
  for (const file of index.files) {
    const fits = file.sizeBytes <= maxMemoryFileBytes && inMemory + file.sizeBytes <= maxMemoryBytes;
    if (fits) inMemory += file.sizeBytes;
    const servable = fits ? await load(dataDir, index, file) : onDisk(dataDir, index, file);
    const route = file.path.toLowerCase();
    files.set(route, servable);
    for (let at = route.lastIndexOf('/'); at > 0; at = route.lastIndexOf('/', at - 1)) folders.add(route.slice(0, at));
    const resolved = resolveSelfUpdatePath(`/${file.path}`);
    if (resolved?.kind === 'wuaucomp') releases.set(releaseKey(resolved), servable);
  }
  return {
    fileCount: files.size,
    find: (route) => files.get(route),
    findRelease(asked) {
      for (const language of languageFallback(asked.language)) {
        const found = releases.get(releaseKey({ ...asked, language }));
        if (found) return found;
      }
      return undefined;
    },
    isFolder: (route) => folders.has(route),
  };
}

/** A mark that changes when something is imported. */
export async function importedTreeMark(dataDir: string): Promise<string> {
  const { mtimeMs, ino } = await stat(importedIndexPath(dataDir)).catch(() => ({ mtimeMs: 0, ino: 0 }));
  return `${mtimeMs} ${ino}`;
}

async function load(dataDir: string, index: ImportedIndex, file: ImportedFile): Promise<ServableFile> {
  const bytes = await readFile(importedFilePath(dataDir, index, file));
  return { kind: 'memory', file: createMemoryFile(bytes, { ...factsOf(file), lastModified: new Date(file.modified) }) };
}

function onDisk(dataDir: string, index: ImportedIndex, file: ImportedFile): ServableFile {
  const path = importedFilePath(dataDir, index, file);
  return { kind: 'disk', file: { path, lastModified: new Date(file.modified), ...factsOf(file) } };
}

function factsOf(file: ImportedFile) {
  return {
    etag: `"${file.sha256.slice(0, 32)}"`,
    contentType: 'application/octet-stream',
    cacheControl: 'no-cache',
    vary: moultAgentHeader.name,
  };
}

function releaseKey({ architecture, os, language }: Extract<SelfUpdateFile, { kind: 'wuaucomp' }>): string {
  return `${architecture} ${os} ${language}`;
}
