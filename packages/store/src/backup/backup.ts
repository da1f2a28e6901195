// Backup of a server that may be running: all tables at one moment, the keys, the agent releases and the imported tree.
// The folder gets its name when everything is on disk. Private keys are written last.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, lstatSync } from 'node:fs';
import { open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { makeFolders, readOwnFile } from '@moult/disk';
import { readClockMarks } from '../clock/clock-file.ts';
import { takeGuard } from '../data-dir/guard.ts';
import { makePrivateFolder, writePrivateFile } from '../data-dir/private-files.ts';
import { asDiskTrouble } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import { openSnapshot, type Snapshot } from '../snapshot.ts';
import { backedUpTables } from '../tables.ts';
import { copyFolder } from './copy-folder.ts';
import { type BackupManifest, backedUpFolders, encodeRows, keyFiles, manifestName, tableFile } from './format.ts';
import { backupGuard, forgetUnfinished, noteUnfinished, settleBackup } from './unfinished-backup.ts';

export interface BackupOptions {
  database: string;
  dataDir: string;
  /** A folder that does not exist yet, or is empty. */
  target: string;
  version: string;
  now: Date;
}

/**
 * Writes a backup, for its owner only. A failed backup leaves nothing behind. The rest of a killed one goes with the
 * next (settleBackup). Throws SERVER_REFUSED for a target that holds something, SERVER_IN_USE beside another backup,
 * SERVER_DATABASE.
 */
export async function backUp(options: BackupOptions): Promise<BackupManifest> {
  const { database: address, dataDir, target } = options;
  await requireFree(target);
  settleBackup(dataDir);
  const guard = takeGuard(backupGuard(dataDir));
  if (!guard)
    throw new ServerError('SERVER_IN_USE', `Another process makes a backup of ${dataDir}. Wait until it is done.`);
  const unfinished = `${target}.unfinished-${randomUUID().slice(0, 8)}`;
  try {
    const snapshot = await openSnapshot(address);
    try {
      makeFolders(dirname(target));
      noteUnfinished(dataDir, unfinished);
      const manifest = await write(unfinished, snapshot, options);
      if (existsSync(target)) await rmdir(target);
      await rename(unfinished, target);
      await syncFolder(dirname(target));
      return manifest;
    } finally {
      await snapshot.close();
      await rm(unfinished, { recursive: true, force: true });
      forgetUnfinished(dataDir);
    }
  } catch (error) {
    throw asDiskTrouble(error, `The backup ${target} cannot be written`);
  } finally {
    guard.release();
  }
}

async function requireFree(target: string): Promise<void> {
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (!found) return;
  const isEmpty = found.isDirectory() && (await readdir(target)).length === 0;
  if (isEmpty) return;
  throw new ServerError('SERVER_REFUSED', `${target} is there already. A backup goes into a folder of its own.`);
}

async function write(
  folder: string,
  snapshot: Snapshot,
  { dataDir, version, now }: BackupOptions,
): Promise<BackupManifest> {
  const rows: Record<string, number> = {};
  for (const table of backedUpTables) rows[table] = await writeTable(snapshot, table, join(folder, tableFile(table)));
  const migrations: string[] = [];
  for await (const row of snapshot.rows('migrations')) migrations.push(String(row.name));
  makePrivateFolder(join(folder, 'self-update'));
  for (const name of backedUpFolders) await copyFolder(join(dataDir, name), join(folder, name));
  makePrivateFolder(join(folder, 'keys'));
  for (const name of keyFiles) {
    const bytes = readOwnFile(join(dataDir, 'keys', name));
    if (bytes) writePrivateFile(join(folder, 'keys', name), bytes);
  }
  const marks = readClockMarks(dataDir);
  const clock = marks && {
    newest: marks.newest?.toISOString() ?? null,
    ageing: marks.ageing?.toISOString() ?? null,
  };
  const manifest: BackupManifest = {
    ...(clock && { clock }),
    ...{ format: 1, madeAt: now.toISOString(), version, engine: snapshot.engine },
    ...{ migrations: migrations.sort(), rows, folders: [...backedUpFolders] },
    files: await digestsIn(folder),
  };
  writePrivateFile(join(folder, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  await syncFolder(folder);
  return manifest;
}

/** SHA-256 of every file of a backup that is being made, by its name relative to the folder. */
async function digestsIn(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1).replaceAll('\\', '/');
    if (!entry.isFile() || name === manifestName) continue;
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
    digests[name] = hash.digest('hex');
  }
  return digests;
}

async function writeTable(snapshot: Snapshot, table: string, file: string): Promise<number> {
  let count = 0;
  async function* counted() {
    for await (const batch of snapshot.batches(table)) {
      count += batch.length;
      yield batch;
    }
  }
  const output = createWriteStream(file, { mode: 0o600, flush: true });
  await pipeline(Readable.from(encodeRows(counted())), createZstdCompress(), output);
  return count;
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
