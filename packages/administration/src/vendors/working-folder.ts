// A folder for files that are on their way, in the server's data directory. Those that a killed process left go with the next
// one.

import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolders } from '@moult/disk';

const keptMs = 24 * 3600 * 1000;

/** Does `work` with a new folder below `DIR/fetching`, and removes it whatever happens. */
export async function inWorkingFolder<Result>(
  dataDir: string,
  now: Date,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const above = join(dataDir, 'fetching');
  makeFolders(above, { mode: 0o700 });
  await removeLeft(above, now);
  const folder = await mkdtemp(join(above, 'f-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeLeft(above: string, now: Date): Promise<void> {
  for (const name of await readdir(above)) {
    const path = join(above, name);
    const found = await stat(path).catch(() => undefined);
    if (found && now.getTime() - found.mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
