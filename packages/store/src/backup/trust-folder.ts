// The repository of signed releases in a backup. Agents refuse metadata that is older than they have seen. So a restore
// never puts an older state of a repository in place of a newer one.
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';

const firstRoot = 'trust/public/metadata/1.root.json';
const timestamp = 'trust/public/metadata/timestamp.json';

/**
 * Whether the repository that is there stays: it has the same first root as that of the backup, and is as new or newer.
 * `read` answers a file of the backup by its name.
 */
export async function keepsPresentTrust(
  dataDir: string,
  read: (name: string) => Promise<Buffer | undefined>,
): Promise<boolean> {
  const present = readOwnFile(join(dataDir, firstRoot));
  const restored = await read(firstRoot);
  if (!present || !restored?.equals(present)) return false;
  const versions = [readOwnFile(join(dataDir, timestamp)), await read(timestamp)].map(versionIn);
  return (versions[0] ?? 0) >= (versions[1] ?? 0);
}

function versionIn(file: Buffer | undefined): number {
  try {
    const { version } = JSON.parse(file?.toString('utf8') ?? '').signed;
    return Number.isSafeInteger(version) ? version : 0;
  } catch {
    return 0;
  }
}
