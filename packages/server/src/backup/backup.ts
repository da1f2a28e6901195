// Backup of a server that may be running: all tables as of one moment, and the keys.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { asDiskTrouble } from '../disk-trouble.ts';
import { ServerError } from '../errors.ts';
import { openSnapshot, type Snapshot } from '../store/snapshot.ts';
import { type BackupManifest, backedUpTables, encodeRow, keyFiles, manifestName, tableFile } from './format.ts';

export interface BackupOptions {
  database: string;
  dataDir: string;
  /** A folder that does not exist yet, or is empty. */
  target: string;
  version: string;
  now: Date;
}

/** Writes a backup; nothing is left behind when it fails. Throws SERVER_REFUSED for a target that holds something. */
export async function backUp({
  database: address,
  dataDir,
  target,
  version,
  now,
}: BackupOptions): Promise<BackupManifest> {
  if (existsSync(target) && (await readdir(target)).length > 0) {
    throw new ServerError('SERVER_REFUSED', `${target} is there already. A backup goes into a folder of its own.`);
  }
  const unfinished = `${target}.unfinished`;
  const snapshot = await openSnapshot(address);
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(join(unfinished, 'keys'), { recursive: true, mode: 0o700 });
    const rows: Record<string, number> = {};
    for (const table of backedUpTables)
      rows[table] = await writeTable(snapshot, table, join(unfinished, tableFile(table)));
    const migrations: string[] = [];
    for await (const row of snapshot.rows('migrations')) migrations.push(String(row.name));
    for (const name of keyFiles) {
      const source = join(dataDir, 'keys', name);
      if (existsSync(source)) await copyFile(source, join(unfinished, 'keys', name));
    }
    const manifest: BackupManifest = {
      ...{
        format: 1,
        madeAt: now.toISOString(),
        version,
        engine: snapshot.engine,
        migrations: migrations.sort(),
        rows,
      },
      files: await digestsIn(unfinished),
    };
    await writeFile(join(unfinished, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
    return manifest;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw asDiskTrouble(error, `The backup ${target} cannot be written`);
  } finally {
    await snapshot.close();
  }
}

/** SHA-256 of every file of a backup but its manifest, by its name relative to the folder. */
export async function digestsIn(folder: string): Promise<Record<string, string>> {
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
  async function* lines() {
    for await (const row of snapshot.rows(table)) {
      count++;
      yield encodeRow(row);
    }
  }
  await pipeline(Readable.from(lines()), createZstdCompress(), createWriteStream(file, { mode: 0o600 }));
  return count;
}
