// One backup into the folder of the schedule: room, backup, check, and then the oldest go.
import { join, resolve } from 'node:path';
import { backUpAside } from '@moult/store/backup';
import { type ReserveSetting, reserveBytesOf, spaceOfFolder } from '@moult/store/data-dir';
import { isTemporary, ServerError } from '@moult/store/errors';
import { serverVersion } from '@moult/store/version';
import type { ServerConfig } from '../config/index.ts';
import type { Administration } from '../open-server.ts';
import { nextName, openFolder, removeOld } from './kept-backups.ts';
import { type BackupState, readBackupState, writeBackupState } from './state.ts';

interface BackupReport {
  name: string;
  folder: string;
  rows: number;
  bytes: number;
  seconds: number;
  /** Names of those that went. */
  removed: string[];
}

type Parts = Pick<Administration, 'author'> & {
  store: Pick<Administration['store'], 'recordChange'>;
  server: Pick<Administration['server'], 'config' | 'dataDir' | 'database'>;
};

/** Notes for this server and for commands what the settings say. Throws what the file system says. */
export function notePlan(dataDir: string, config: ServerConfig, now: Date): BackupState {
  const state = readBackupState(dataDir);
  const folder = config.backupDir === undefined ? undefined : resolve(config.backupDir);
  const isSame = folder !== undefined && state.plan?.folder === folder;
  const since = (isSame && state.plan?.since) || now.toISOString();
  const plan =
    folder === undefined ? undefined : { folder, everyHours: config.backupEvery, keep: config.backupKeep, since };
  // Another folder has none of the backups of before.
  const noted = { ...state, plan, ...(!isSame && { last: undefined, failure: undefined }) };
  if (JSON.stringify(noted) !== JSON.stringify(state)) writeBackupState(dataDir, noted);
  return noted;
}

/**
 * Makes a backup by the plan, and removes the oldest beyond its number. Only a backup that was read again and is whole lets another
 * one go. Notes failures for showBackups. Throws as backUpAside does, and SERVER_REFUSED without a plan or in the folder of another
 * server. Throws SERVER_DISK_FULL if there is too little room for one like the last.
 */
export async function makeBackup({ store, server, author }: Parts, signal?: AbortSignal): Promise<BackupReport> {
  const { dataDir, database, config } = server;
  const state = readBackupState(dataDir);
  const { plan, ownerId } = state;
  if (!plan)
    throw new ServerError(
      'SERVER_REFUSED',
      'This server has no folder for backups. Set --backup-dir, or name a folder.',
    );
  const began = performance.now();
  try {
    openFolder(plan.folder, ownerId);
    await requireRoom(plan.folder, state.last?.bytes ?? 0, config.diskReserveMib);
    const name = nextName(plan.folder, author.at);
    const options = { dataDir, database, target: join(plan.folder, name), version: serverVersion, now: author.at };
    const made = await backUpAside(options, signal);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    const last = { name, at: author.at.toISOString(), ...made, seconds };
    writeBackupState(dataDir, { ...state, last, failure: undefined });
    const removed = removeOld(plan.folder, plan.keep);
    const after = { ...made, seconds, removed };
    await store.recordChange(author, { action: 'back up', subject: name, after }).catch((error) => {
      // The backup is whole, also if the database went away meanwhile.
      if (!isTemporary(error)) throw error;
    });
    return { name, folder: plan.folder, ...made, seconds, removed };
  } catch (error) {
    const isOther = error instanceof ServerError && error.code === 'SERVER_IN_USE';
    if (!isOther && !signal?.aborted) noteFailure(dataDir, error, author.at);
    throw error;
  }
}

async function requireRoom(folder: string, lastBytes: number, reserve: ReserveSetting): Promise<void> {
  const space = await spaceOfFolder(folder);
  const needed = Math.ceil(lastBytes * 1.1) + reserveBytesOf(reserve, space);
  if (space.freeBytes >= needed) return;
  throw new ServerError(
    'SERVER_DISK_FULL',
    `A backup needs about ${needed} bytes in ${folder}, and ${space.freeBytes} are free. Free some space, or keep fewer with --backup-keep.`,
  );
}

/** On a full disk it cannot be noted. Then the server itself remembers it. */
function noteFailure(dataDir: string, error: unknown, at: Date): void {
  const state = readBackupState(dataDir);
  const failure = failureOf(error, at, state.failure);
  try {
    writeBackupState(dataDir, { ...state, failure });
  } catch {
    // The caller has the error of the backup.
  }
}

export function failureOf(
  error: unknown,
  at: Date,
  before: BackupState['failure'],
): NonNullable<BackupState['failure']> {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  const code = error instanceof ServerError ? error.code : 'unknown';
  const since = before?.since ?? at.toISOString();
  return { at: at.toISOString(), since, code, message, count: (before?.count ?? 0) + 1 };
}
