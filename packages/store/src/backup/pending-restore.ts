// The files of a restore are prepared in DIR/restoring before the database changes, and put in place afterwards. The
// restored database carries the token of the restore. So the next process that finds an interrupted restore knows
// whether to finish it or to remove it.
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FolderTree, makeFolders, readOwnFile } from '@moult/disk';
import { hadDatabase } from '../data-dir/expected-database.ts';
import { takeGuard } from '../data-dir/guard.ts';
import { giveTreeToOwnerOf, makePrivateFolder, writePrivateFile } from '../data-dir/private-files.ts';
import { isPostgres, openDatabase, sqliteFileOf } from '../database.ts';
import { isTemporary } from '../errors.ts';
import { replacedName, stampOf, switchKeyFiles } from '../keys/index.ts';
import { type CheckedBackup, readChecked } from './check-backup.ts';
import { backedUpFolders, keyFiles } from './format.ts';
import { changeOfKeys } from './key-set.ts';
import { keepsPresentTrust } from './trust-folder.ts';

export const restoreTokenName = 'restore-token';

interface Journal {
  token: string;
  /** Key files that are taken away. */
  removedKeys: string[];
  /** Folders that are replaced. */
  folders: string[];
  /** The names of the old ones that are kept. */
  stamp: string;
}

const journalName = 'journal.json';

/** The lock of restores: one at a time on a data directory. */
export function restoreGuard(dataDir: string): string {
  return join(dataDir, 'restore.guard');
}

/** Copies what the backup holds beside the database into DIR/restoring. Answers the token for the database. */
export async function prepareFiles(dataDir: string, source: string, backup: CheckedBackup, now: Date): Promise<string> {
  const folder = pendingFolder(dataDir);
  rmSync(folder, { recursive: true, force: true });
  makePrivateFolder(folder);
  const { manifest } = backup;
  const folders = await foldersToReplace(dataDir, source, backup);
  const tree = new FolderTree(join(folder, 'files'));
  try {
    for (const name of folders) tree.folder(name.split('/'));
    for (const name of Object.keys(manifest.files)) {
      if (!folders.some((one) => name.startsWith(`${one}/`))) continue;
      tree.write(name, await readChecked(source, manifest, name), { durable: true });
    }
  } finally {
    tree.close();
  }
  const keyFolder = join(dataDir, 'keys');
  const change = changeOfKeys(backup.keys, (name) => readOwnFile(join(keyFolder, name)));
  makePrivateFolder(join(folder, 'keys'));
  for (const [name, bytes] of change) if (bytes) writePrivateFile(join(folder, 'keys', name), bytes);
  const removedKeys = [...change].filter(([, bytes]) => bytes === null).map(([name]) => name);
  const journal: Journal = { token: randomUUID(), removedKeys, folders, stamp: stampOf(now) };
  writePrivateFile(join(folder, journalName), JSON.stringify(journal));
  return journal.token;
}

/** Puts prepared files in place. May be cut off and begun again at any point. */
export function placeFiles(dataDir: string, now: Date): void {
  const folder = pendingFolder(dataDir);
  const journal = readJournal(folder);
  if (!journal) return;
  const keys = new Map<string, Buffer | null>(journal.removedKeys.map((name) => [name, null]));
  for (const name of keyFiles) {
    const bytes = readOwnFile(join(folder, 'keys', name));
    if (bytes) keys.set(name, bytes);
  }
  const keyFolder = join(dataDir, 'keys');
  makePrivateFolder(keyFolder);
  switchKeyFiles(keyFolder, keys, now);
  for (const name of journal.folders) replaceFolder(dataDir, folder, name, journal.stamp);
  discardFiles(dataDir);
}

/** Whether a restore is under way, or was cut off and waits for the next start or command. Reads only. */
export function isRestorePending(dataDir: string): boolean {
  return existsSync(pendingFolder(dataDir));
}

export function discardFiles(dataDir: string): void {
  const folder = pendingFolder(dataDir);
  // Without its journal a restore counts as never begun: it goes first.
  rmSync(join(folder, journalName), { force: true });
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Finishes or removes a restore that was cut off, and says so in a sentence. Undefined when there is nothing to do.
 * `running`: another process restores at this moment. `waiting`: the database, which knows, does not answer. `lost`:
 * its file is not there.
 */
export async function settleRestore(
  dataDir: string,
  database: string,
  now: Date,
): Promise<{ kind: 'finished' | 'removed' | 'running' | 'waiting' | 'lost'; sentence: string } | undefined> {
  if (!existsSync(pendingFolder(dataDir))) return undefined;
  const guard = takeGuard(restoreGuard(dataDir));
  if (!guard) return { kind: 'running', sentence: `Another process restores a backup into ${dataDir}.` };
  try {
    const journal = readJournal(pendingFolder(dataDir));
    if (journal && hadDatabase(dataDir) && isMissing(database)) {
      const sentence =
        'A restore had been cut off. It is finished or removed when the file of the database is there again.';
      return { kind: 'lost', sentence };
    }
    if (journal && (await tokenIn(database)) === journal.token) {
      placeFiles(dataDir, now);
      return {
        kind: 'finished',
        sentence: 'A restore had been cut off after its database was in place. It is finished now.',
      };
    }
    discardFiles(dataDir);
    const sentence =
      'A restore had been cut off before its database was in place. What it left is removed, nothing else changed.';
    return { kind: 'removed', sentence };
  } catch (error) {
    if (!isTemporary(error)) throw error;
    const sentence = 'A restore had been cut off. It is finished or removed when the database answers again.';
    return { kind: 'waiting', sentence };
  } finally {
    guard.release();
  }
}

async function tokenIn(address: string): Promise<string | undefined> {
  if (isMissing(address)) return undefined;
  const database = await openDatabase(address);
  try {
    const tables = await database.tables.introspection.getTables();
    if (!tables.some(({ name }) => name === 'configuration')) return undefined;
    const query = database.tables.selectFrom('configuration').select('value').where('name', '=', restoreTokenName);
    return (await query.executeTakeFirst())?.value;
  } finally {
    await database.close();
  }
}

/** A disk that is not mounted, perhaps. */
function isMissing(address: string): boolean {
  return !isPostgres(address) && !existsSync(sqliteFileOf(address));
}

/** The old folder goes aside, the new one comes: whichever of the two was done before is not done again. */
function replaceFolder(dataDir: string, pending: string, name: string, stamp: string): void {
  const staged = join(pending, 'files', name);
  if (!existsSync(staged)) return;
  const target = join(dataDir, name);
  const aside = name === trust ? freeName(dataDir, stamp) : join(pending, 'old', name.replaceAll('/', '-'));
  makeFolders(join(pending, 'old'), { mode: 0o700 });
  makePrivateFolder(join(target, '..'));
  if (existsSync(target)) renameSync(target, aside);
  giveTreeToOwnerOf(dataDir, staged);
  renameSync(staged, target);
}

/** It holds private keys: what is replaced stays as a copy, as with every key. */
const trust = 'trust';

function freeName(dataDir: string, stamp: string): string {
  for (let count = 1; ; count++) {
    const path = join(dataDir, replacedName(trust, stamp, count));
    if (!existsSync(path)) return path;
  }
}

async function foldersToReplace(dataDir: string, source: string, { manifest }: CheckedBackup): Promise<string[]> {
  const folders = manifest.folders ?? [];
  const read = async (name: string) =>
    manifest.files[name] === undefined ? undefined : readChecked(source, manifest, name);
  const isEmpty = !Object.keys(manifest.files).some((name) => name.startsWith(`${trust}/`));
  // A server makes its repository at a start that comes after this backup: it stays too.
  const keepsTrust = isEmpty || (await keepsPresentTrust(dataDir, read));
  return folders.filter((name) => name !== trust || !keepsTrust);
}

function readJournal(folder: string): Journal | undefined {
  try {
    const journal = JSON.parse(String(readOwnFile(join(folder, journalName)))) as Journal;
    const { token, removedKeys, folders, stamp } = journal;
    return {
      token: String(token),
      removedKeys: keyFiles.filter((name) => removedKeys.includes(name)),
      folders: backedUpFolders.filter((name) => folders.includes(name)),
      stamp: /^[\dTZ]+$/.test(stamp) ? stamp : 'unknown',
    };
  } catch {
    return undefined;
  }
}

function pendingFolder(dataDir: string): string {
  return join(dataDir, 'restoring');
}
