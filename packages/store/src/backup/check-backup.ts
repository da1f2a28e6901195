// Checks a backup before anything changes, because it may come from a stick, a mail or a stranger. Each file is listed
// with its digest, is a file and not a link, and has an allowed name. The keys belong together.

import { createHash } from 'node:crypto';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openInside, readInside } from '@moult/disk';
import { toPathSegments } from '@moult/formats/paths';
import * as z from 'zod';
import { backupBounds } from '../declared-bounds.ts';
import { ServerError } from '../errors.ts';
import { migrations } from '../migrations/index.ts';
import { backedUpTables } from '../tables.ts';
import { type BackupManifest, backedUpFolders, keyFiles, manifestName, tableFile } from './format.ts';
import { checkKeys } from './key-set.ts';

export interface CheckedBackup {
  manifest: BackupManifest;
  /** The key files, by name, as they were checked. */
  keys: Map<string, Buffer>;
}

const manifestShape = z.object({
  format: z.literal(1),
  madeAt: z.string().max(100),
  version: z.string().max(100),
  engine: z.enum(['sqlite', 'postgres']),
  migrations: z.array(z.string()).max(10_000),
  rows: z.record(z.string(), z.number().int().nonnegative()),
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
  folders: z.array(z.enum(backedUpFolders)).optional(),
  clock: z.object({ newest: z.iso.datetime().nullable(), ageing: z.iso.datetime().nullable() }).optional(),
});

/**
 * Reads and checks a backup. Throws SERVER_BAD_BACKUP for one that is damaged, incomplete, altered or of a newer Moult.
 */
export async function readBackup(source: string): Promise<CheckedBackup> {
  const manifest = await readManifest(source);
  const present = await filesIn(source);
  for (const name of Object.keys(manifest.files)) {
    if (!isBackupFile(name))
      throw badBackup(source, `its manifest lists ${JSON.stringify(name)}, which no backup holds.`);
    if (!present.has(name)) throw badBackup(source, `${name} is missing.`);
    present.delete(name);
  }
  present.delete(manifestName);
  const [unlisted] = present;
  if (unlisted !== undefined) throw badBackup(source, `${JSON.stringify(unlisted)} is in it, but not in its manifest.`);
  for (const [table, rows] of Object.entries(manifest.rows)) {
    const isThere = manifest.files[tableFile(table)] !== undefined;
    if (!isThere && rows > 0) throw badBackup(source, `${tableFile(table)} is not in its manifest.`);
  }
  for (const table of backedUpTables) {
    const isCounted = manifest.rows[table] !== undefined;
    if (manifest.files[tableFile(table)] !== undefined && !isCounted)
      throw badBackup(source, `its manifest does not say how many rows ${tableFile(table)} has.`);
  }
  requireMigrations(source, manifest);
  const keys = await checkFiles(source, manifest);
  const problem = await checkKeys(keys);
  if (problem !== undefined) throw badBackup(source, problem);
  return { manifest, keys };
}

/** The bytes of a file, as its manifest has them. Throws SERVER_BAD_BACKUP when they changed since it was checked. */
export async function readChecked(source: string, { files }: BackupManifest, name: string): Promise<Buffer> {
  const bytes = await readInside(source, name);
  if (createHash('sha256').update(bytes).digest('hex') !== files[name]) throw badBackup(source, `${name} is damaged.`);
  return bytes;
}

export function badBackup(source: string, why: string, cause?: unknown): ServerError {
  return new ServerError('SERVER_BAD_BACKUP', `The backup ${source} cannot be restored: ${why}`, { cause });
}

async function readManifest(source: string): Promise<BackupManifest> {
  let found: unknown;
  try {
    found = JSON.parse((await readInside(source, manifestName)).toString('utf8'));
  } catch (cause) {
    const message = `${source} is not a backup: it has no readable ${manifestName}.`;
    throw new ServerError('SERVER_BAD_BACKUP', message, { cause });
  }
  const { format, migrations: applied, version } = Object(found);
  const isKnown = (name: unknown) => migrations.some((known) => known.name === name);
  if (format !== 1 || !Array.isArray(applied) || !applied.every(isKnown)) {
    throw badBackup(source, `it was made by a newer Moult (${JSON.stringify(version)}).`);
  }
  const parsed = manifestShape.safeParse(found);
  if (parsed.success) return parsed.data as BackupManifest;
  const [issue] = parsed.error.issues;
  throw badBackup(source, `${manifestName} is damaged (${issue?.path.join('.')}: ${issue?.message}).`);
}

/** Tables are made by all migrations up to one: a list with gaps makes unknown tables. */
function requireMigrations(source: string, manifest: BackupManifest): void {
  const { length } = manifest.migrations;
  // Sorted, as a backup writes them: the numbers of two that came at the same time may be in another order than the list.
  const first = migrations
    .slice(0, length)
    .map(({ name }) => name)
    .sort();
  const isWhole = length > 0 && first.length === length && first.every((name, at) => name === manifest.migrations[at]);
  if (!isWhole) throw badBackup(source, 'its manifest does not list the migrations that its tables were made by.');
}

/** Every file below the folder, with `/` between the parts of its name. A link, a device or a pipe is refused. */
async function filesIn(source: string): Promise<Set<string>> {
  const files = new Set<string>();
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of await readdir(join(source, folder))) {
      const name = folder === '' ? entry : `${folder}/${entry}`;
      const found = await lstat(join(source, name));
      if (found.isDirectory()) waiting.push(name);
      else if (found.isFile()) files.add(name);
      else throw badBackup(source, `${JSON.stringify(name)} is a link or a special file.`);
      if (files.size + waiting.length > backupBounds.maxFiles)
        throw badBackup(source, `it has more than ${backupBounds.maxFiles} files.`);
    }
  }
  return files;
}

function isBackupFile(name: string): boolean {
  if (backedUpTables.some((table) => tableFile(table) === name)) return true;
  if (keyFiles.some((key) => `keys/${key}` === name)) return true;
  if (!backedUpFolders.some((folder) => name.startsWith(`${folder}/`))) return false;
  try {
    return toPathSegments(name).join('/') === name;
  } catch {
    return false;
  }
}

/** Every digest. Answers the key files as they were read. */
async function checkFiles(source: string, manifest: BackupManifest): Promise<Map<string, Buffer>> {
  const keys = new Map<string, Buffer>();
  for (const [name, digest] of Object.entries(manifest.files)) {
    if (name.startsWith('keys/')) {
      keys.set(name.slice('keys/'.length), await readChecked(source, manifest, name));
      continue;
    }
    const handle = await openInside(source, name);
    const hash = createHash('sha256');
    for await (const piece of handle.createReadStream()) hash.update(piece as Buffer);
    if (hash.digest('hex') !== digest) throw badBackup(source, `${name} is damaged.`);
  }
  return keys;
}
