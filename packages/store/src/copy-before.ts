// A copy of an SQLite database before a new version changes its tables: with it the version before can go on.
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateFile, makePrivateFolder } from './data-dir/private-files.ts';
import { spaceOfFolder } from './data-dir/reserve.ts';
import { asDiskTrouble } from './disk-trouble.ts';
import { ServerError } from './errors.ts';

const namePattern = /^moult-before-\d{4}[\w-]*\.sqlite$/;
/** This one, and the one of the upgrade before. */
const keptCopies = 2;

/**
 * Copies the database `file` into `folder`, for its owner only, and answers the path. `step`: the first migration that comes. The copy
 * gets its name when it is whole and on disk. Older copies go. Throws SERVER_DISK_FULL.
 */
export async function copyBefore(file: string, folder: string, step: string): Promise<string> {
  const target = join(folder, `moult-before-${step}.sqlite`);
  const unfinished = `${target}.unfinished`;
  try {
    makePrivateFolder(folder);
    rmSync(unfinished, { force: true });
    await requireRoom(file, folder);
    makePrivateFile(unfinished);
    copy(file, unfinished);
    renameSync(unfinished, target);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw asDiskTrouble(error, `The copy ${target} of the database, which an upgrade makes first, cannot be written`);
  }
  removeOthers(folder, target);
  return target;
}

function copy(file: string, target: string): void {
  const connection = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    // Also rows that are in the WAL only.
    connection.prepare('vacuum into ?').run(target);
  } finally {
    connection.close();
  }
  const handle = openSync(target, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

async function requireRoom(file: string, folder: string): Promise<void> {
  const needed = statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  const { freeBytes } = await spaceOfFolder(folder);
  if (freeBytes >= needed) return;
  throw new ServerError(
    'SERVER_DISK_FULL',
    `This version changes the tables of the database, and copies it first. The copy needs ${needed} bytes in ${folder}, and ${freeBytes} are free. Free some space. If you have a backup, --upgrade-copy off starts without the copy.`,
  );
}

function removeOthers(folder: string, newest: string): void {
  const age = (name: string) => statSync(join(folder, name)).mtimeMs;
  const others = readdirSync(folder).filter((name) => namePattern.test(name) && join(folder, name) !== newest);
  for (const name of others.sort((a, b) => age(b) - age(a)).slice(keptCopies - 1)) rmSync(join(folder, name));
}
