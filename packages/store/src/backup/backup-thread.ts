// The thread of backUpAside: it writes the backup, reads all of it again, and says how large it is.
import { rmSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { inheritBounds } from '@moult/bounds';
import { storeTables } from '../declared-bounds.ts';
import { ServerError } from '../errors.ts';
import { type BackupOptions, backUp } from './backup.ts';
import { readBackup } from './check-backup.ts';

inheritBounds(storeTables, process.env);

try {
  const options = workerData as BackupOptions;
  const { rows } = await backUp(options);
  await readAgain(options.target);
  const made = {
    rows: Object.values(rows).reduce((sum, count) => sum + count, 0),
    bytes: await bytesIn(options.target),
  };
  parentPort?.postMessage({ made });
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  const { code, message } = error;
  parentPort?.postMessage({ error: { code, message } });
}

/** A disk may write something else than it was given. A backup that cannot be read goes. */
async function readAgain(target: string): Promise<void> {
  try {
    await readBackup(target);
  } catch (error) {
    rmSync(target, { recursive: true, force: true });
    throw error;
  }
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
