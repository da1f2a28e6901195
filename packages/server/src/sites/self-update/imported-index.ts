// The index of an imported Microsoft tree: which URL path is which file, and what was found when it came in. The files
// lie in a folder of their own for each import. The index names the folder, so that one rename changes all at once.
// An index may have been edited, or come back with a backup: each entry is judged again whenever it is read.
import { DiskError, openInside, readInside } from '@moult/disk';
import { collisionKey, toPathSegments } from '@moult/formats/paths';
import * as z from 'zod';
import { ifThere, writeFileAtomically } from './atomic-file.ts';
import { sha256Of } from './signed-cabinet.ts';
import { importedFolder, readTreeFile, type TreeFile } from './tree-folders.ts';

const timestamp = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'not a time');

const importedFile = z.object({
  /** URL path without the leading slash, in the letters of the source: `selfupdate/AU/x86/XP/EN/wuaucomp.cab`. */
  path: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO 8601. Served as Last-Modified. */
  modified: timestamp,
  cabinet: z
    .object({
      members: z.number().int().nonnegative(),
      signature: z.enum(['trusted', 'intact', 'altered', 'unclear', 'unsigned']),
      signer: z.string(),
      root: z.string(),
    })
    .exactOptional(),
});

const wholeIndex = z.object({
  importedAt: z.string(),
  folder: z.string().regex(/^(\d{14}-[0-9a-f]{8})?$/),
  files: z.array(z.unknown()).max(40_000),
});

export type ImportedFile = z.infer<typeof importedFile>;

export interface ImportedIndex {
  importedAt: string;
  /** Name of the folder beside the index that holds the files under their paths. '' when nothing is imported. */
  folder: string;
  files: ImportedFile[];
}

/**
 * The statements of the index on disk that are not believed: it is neither served nor taken over by the next import.
 */
export interface RefusedEntry {
  path: string;
  why: string;
}

export const indexName = 'index.json';

/** Reads the present index. One without files when nothing was imported. Never throws for what the index says. */
export async function readImportedIndex(dataDir: string): Promise<{ index: ImportedIndex; refused: RefusedEntry[] }> {
  const none: ImportedIndex = { importedAt: '', folder: '', files: [] };
  try {
    const text = await ifThere(readInside(importedFolder(dataDir), indexName));
    if (text === undefined) return { index: none, refused: [] };
    const { files, ...rest } = wholeIndex.parse(JSON.parse(text.toString('utf8')));
    const refused: RefusedEntry[] = [];
    return { index: { ...rest, files: believed(files, refused) }, refused };
  } catch (error) {
    return { index: none, refused: [{ path: indexName, why: reasonOf(error) }] };
  }
}

/** Makes `index` the present one. */
export async function writeImportedIndex(dataDir: string, index: ImportedIndex): Promise<void> {
  await writeFileAtomically(importedFolder(dataDir), indexName, `${JSON.stringify(index, undefined, 2)}\n`);
}

/** The place of an imported file, below the folder of all imports: a link in place of one import is not followed. */
export function importedPlace(dataDir: string, { folder }: ImportedIndex, path: string): TreeFile {
  return { folder: importedFolder(dataDir), name: `${folder}/${path}` };
}

/** An imported file that is not had as it came: gone, with other bytes, or with a link on its way. */
interface UnusableFile {
  problem: 'MISSING' | 'CHANGED' | 'UNSAFE';
  why: string;
}

const missing: UnusableFile = { problem: 'MISSING', why: 'The imported file is gone; import the tree again.' };
const changed: UnusableFile = { problem: 'CHANGED', why: 'It is not the file that was imported; import it again.' };

/** The bytes of an imported file as they came, or why not. Throws only what the system cannot do at present. */
export async function readImported(
  dataDir: string,
  index: ImportedIndex,
  { path, sha256 }: ImportedFile,
): Promise<{ bytes: Buffer } | UnusableFile> {
  try {
    const bytes = await readTreeFile(importedPlace(dataDir, index, path));
    if (!bytes) return missing;
    if (sha256Of(bytes) === sha256) return { bytes };
    return changed;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { problem: 'UNSAFE', why: error.message };
  }
}

/** Why an imported file is not to be had at all, without reading it. Undefined when it is there. */
export async function whyUnusable(
  dataDir: string,
  index: ImportedIndex,
  { path, sizeBytes }: ImportedFile,
): Promise<UnusableFile | undefined> {
  const place = importedPlace(dataDir, index, path);
  try {
    const handle = await ifThere(openInside(place.folder, place.name));
    if (!handle) return missing;
    const { size } = await handle.stat().finally(() => handle.close());
    return size === sizeBytes ? undefined : changed;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return { problem: 'UNSAFE', why: error.message };
  }
}

/** Paths that a self-update site answers, and no others: without them a file may lie there, but is never asked for. */
export function isTreePath(path: string): boolean {
  return /^(selfupdate[\\/].+|iuident\.cab|wutrack\.bin)$/i.test(path);
}

/** Throws a reason, as an error, unless `path` is a tree path that stays inside of any folder. */
export function requireTreePath(path: string): void {
  if (toPathSegments(path).join('/') !== path) throw new Error('its folders are not separated by /');
  if (!isTreePath(path)) throw new Error('it is not a path of a self-update tree (selfupdate/…, iuident.cab)');
}

/** The sentence for what makes a name, an index or a link unusable. */
export function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`).join('; ');
  }
  if (error instanceof SyntaxError) return 'it is not JSON';
  return error instanceof Error ? error.message : String(error);
}

function believed(files: readonly unknown[], refused: RefusedEntry[]): ImportedFile[] {
  const taken = new Set<string>();
  const good: ImportedFile[] = [];
  for (const [at, entry] of files.entries()) {
    try {
      const file = importedFile.parse(entry);
      requireTreePath(file.path);
      const key = collisionKey(file.path.split('/'));
      if (taken.has(key)) throw new Error('another entry has this path');
      taken.add(key);
      good.push(file);
    } catch (error) {
      refused.push({ path: nameOf(entry) ?? `${indexName}, entry ${at + 1}`, why: reasonOf(error) });
    }
  }
  return good;
}

function nameOf(entry: unknown): string | undefined {
  const path = typeof entry === 'object' && entry !== null && 'path' in entry ? entry.path : undefined;
  return typeof path === 'string' ? path.slice(0, 300) : undefined;
}
