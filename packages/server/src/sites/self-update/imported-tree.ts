// The imported tree as the site asks it: a URL path, or the best language for one, to a file that can be served.

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  languageFallback,
  moultAgentHeader,
  resolveSelfUpdatePath,
  type SelfUpdateFile,
} from '@moult/protocol/self-update';
import { treeBounds } from '../../bounds.ts';
import { createMemoryFile, type FileOnDisk, type MemoryFile } from '../../http/static-file/index.ts';
import {
  type ImportedFile,
  type ImportedIndex,
  importedPlace,
  indexName,
  type RefusedEntry,
  readImported,
  readImportedIndex,
  whyUnusable,
} from './imported-index.ts';
import { importedFolder } from './tree-folders.ts';

export type ServableFile = { kind: 'memory'; file: MemoryFile } | { kind: 'disk'; file: FileOnDisk };

export interface ImportedTree {
  readonly fileCount: number;
  /**
   * The listed files of the index, and those that are not served: its path is not safe, or its bytes are not those that
   * came.
   */
  readonly refused: readonly RefusedEntry[];
  /** By URL path, in any letter case, without a leading slash. */
  find(route: string): ServableFile | undefined;
  /** The release folder of the best language that was imported for this processor and system. */
  findRelease(asked: Extract<SelfUpdateFile, { kind: 'wuaucomp' }>): ServableFile | undefined;
  /** Whether `route` is a folder above an imported file. */
  isFolder(route: string): boolean;
}

/** Loads what was imported. */
export async function openImportedTree(dataDir: string): Promise<ImportedTree> {
  const { index, refused } = await readImportedIndex(dataDir);
  const files = new Map<string, ServableFile>();
  const releases = new Map<string, ServableFile>();
  const folders = new Set<string>();
  let inMemory = 0;
  for (const file of index.files) {
    const fits =
      file.sizeBytes <= treeBounds.maxMemoryFileBytes && inMemory + file.sizeBytes <= treeBounds.maxMemoryBytes;
    const servable = fits ? await load(dataDir, index, file) : await onDisk(dataDir, index, file);
    if ('why' in servable) {
      refused.push({ path: file.path, why: servable.why });
      continue;
    }
    if (fits) inMemory += file.sizeBytes;
    const route = file.path.toLowerCase();
    files.set(route, servable);
    for (let at = route.lastIndexOf('/'); at > 0; at = route.lastIndexOf('/', at - 1)) folders.add(route.slice(0, at));
    const resolved = resolveSelfUpdatePath(`/${file.path}`);
    if (resolved?.kind === 'wuaucomp') releases.set(releaseKey(resolved), servable);
  }
  return {
    fileCount: files.size,
    refused,
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
  const { mtimeMs, ino } = await stat(join(importedFolder(dataDir), indexName)).catch(() => ({ mtimeMs: 0, ino: 0 }));
  return `${mtimeMs} ${ino}`;
}

async function load(
  dataDir: string,
  index: ImportedIndex,
  file: ImportedFile,
): Promise<ServableFile | { why: string }> {
  const found = await readImported(dataDir, index, file);
  if ('problem' in found) return found;
  const facts = { ...factsOf(file), lastModified: new Date(file.modified) };
  return { kind: 'memory', file: createMemoryFile(found.bytes, facts) };
}

/** Its name is looked up here, and opened below its folder without following a link whenever it is asked for. */
async function onDisk(
  dataDir: string,
  index: ImportedIndex,
  file: ImportedFile,
): Promise<ServableFile | { why: string }> {
  const unusable = await whyUnusable(dataDir, index, file);
  if (unusable) return unusable;
  const place = importedPlace(dataDir, index, file.path);
  return { kind: 'disk', file: { ...place, lastModified: new Date(file.modified), ...factsOf(file) } };
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
