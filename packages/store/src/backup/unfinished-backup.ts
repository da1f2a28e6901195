// A process that makes a backup may be killed, and the folder may then hold private keys. The data directory notes the
// folder while it is still empty, so that the next process removes it.
import { existsSync, lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { takeGuard } from '../data-dir/guard.ts';
import { makePrivateFolder, writePrivateFile } from '../data-dir/private-files.ts';

interface Note {
  folder: string;
  /** Device and number of the folder: another one that came to its path later is not ours. */
  identity: string;
}

/** The lock of backups: one at a time on a data directory. */
export function backupGuard(dataDir: string): string {
  return join(dataDir, 'backup.guard');
}

/** Makes the folder, for its owner only, and notes it. */
export function noteUnfinished(dataDir: string, folder: string): void {
  makePrivateFolder(folder);
  writePrivateFile(noteFile(dataDir), JSON.stringify({ folder, identity: identityOf(folder) ?? '' } satisfies Note));
}

export function forgetUnfinished(dataDir: string): void {
  rmSync(noteFile(dataDir), { force: true });
}

/**
 * Removes the folder of a backup that was killed, and says so in a sentence. Undefined when there is nothing to do, or
 * when the backup still runs.
 */
export function settleBackup(dataDir: string): string | undefined {
  if (!existsSync(noteFile(dataDir))) return undefined;
  const guard = takeGuard(backupGuard(dataDir));
  if (!guard) return undefined;
  try {
    const { folder, identity } = readNote(dataDir);
    const isOurs = identity !== '' && identityOf(folder) === identity;
    if (isOurs) rmSync(folder, { recursive: true, force: true });
    forgetUnfinished(dataDir);
    return isOurs ? `A backup had been cut off. Its unfinished folder ${folder} is removed.` : undefined;
  } finally {
    guard.release();
  }
}

function identityOf(folder: string): string | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false, bigint: true });
  return found?.isDirectory() ? `${found.dev} ${found.ino}` : undefined;
}

function readNote(dataDir: string): Note {
  try {
    const { folder, identity } = JSON.parse(String(readOwnFile(noteFile(dataDir))));
    return { folder: String(folder), identity: String(identity) };
  } catch {
    return { folder: '', identity: '' };
  }
}

function noteFile(dataDir: string): string {
  return join(dataDir, 'unfinished-backup.json');
}
