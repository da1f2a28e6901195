// The folder with the backups that a server made by itself. Their numbers give the order: a clock may be wrong.
import { existsSync, lstatSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { makePrivateFolder, writePrivateFile } from '@moult/store/data-dir';
import { ServerError } from '@moult/store/errors';

const ownerName = 'moult-backups-of';
const namePattern = /^backup-(\d{6,9})-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/;
const goingPrefix = 'removed-';

/**
 * Makes the folder if need be, and marks it as that of this server. Removes the rest of a backup whose removal was cut off. Throws
 * SERVER_REFUSED for the folder of another server, because each removes the backups of the other.
 */
export function openFolder(folder: string, ownerId: string): void {
  makePrivateFolder(folder);
  const owner = join(folder, ownerName);
  const found = existsSync(owner) ? String(readOwnFile(owner)).trim() : undefined;
  if (found !== undefined && found !== ownerId)
    throw new ServerError(
      'SERVER_REFUSED',
      `${folder} has the backups of another server. Set --backup-dir to a folder of its own. If that server is gone, remove the file ${owner}.`,
    );
  if (found === undefined) writePrivateFile(owner, `${ownerId}\n`);
  for (const name of readdirSync(folder))
    if (name.startsWith(goingPrefix) && namePattern.test(name.slice(goingPrefix.length)))
      rmSync(join(folder, name), { recursive: true, force: true });
}

/** Names of the backups, the newest first. Nothing else in the folder is looked at. */
export function listKept(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => namePattern.test(name) && lstatSync(join(folder, name)).isDirectory())
    .sort((a, b) => numberOf(b) - numberOf(a));
}

/** The name of the next one, as backup-000012-2026-12-03T02-30-00Z. */
export function nextName(folder: string, now: Date): string {
  const number = numberOf(listKept(folder)[0] ?? '') + 1;
  const at = `${now.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  return `backup-${String(number).padStart(6, '0')}-${at}`;
}

/** Removes all but the newest. A name goes first, so that no half of a backup has the name of a whole one. */
export function removeOld(folder: string, keep: number): string[] {
  const old = listKept(folder).slice(keep);
  for (const name of old) {
    const going = join(folder, `${goingPrefix}${name}`);
    renameSync(join(folder, name), going);
    rmSync(going, { recursive: true, force: true });
  }
  return old;
}

function numberOf(name: string): number {
  return Number(namePattern.exec(name)?.[1] ?? 0);
}
