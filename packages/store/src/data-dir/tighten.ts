// The data directory holds the keys of all agents and the database of all computers. An earlier version, a copy or an
// administrator may have left it open to other users. A start closes it and says what they could have read.
import { chmodSync, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Notice } from '../notice.ts';

export interface OpenPlace {
  path: string;
  /** The permission bits as they are. */
  mode: number;
  /** As they should be. */
  wanted: number;
  isKey: boolean;
}

/**
 * The places of a data directory that other users may read or write although they should not. The directory itself and
 * its logs may be readable by a group (0750) that an administrator chose. Reads only.
 */
export function openPlacesIn(dataDir: string, databaseFile: string | undefined): OpenPlace[] {
  if (process.platform === 'win32') return [];
  const database = databaseFile === undefined ? [] : ['', '-wal', '-shm'].map((end) => `${databaseFile}${end}`);
  const named = privateNames.map((name) => join(dataDir, name));
  return [
    ...look(dataDir, isForGroup(dataDir) ? 0o027 : 0o077, false),
    ...look(join(dataDir, 'keys'), 0o077, false),
    ...namesIn(join(dataDir, 'keys')).flatMap((name) =>
      look(join(dataDir, 'keys', name), 0o077, !name.includes('.cer.pem')),
    ),
    ...look(join(dataDir, 'trust', 'keys'), 0o077, false),
    ...namesIn(join(dataDir, 'trust', 'keys')).flatMap((name) =>
      look(join(dataDir, 'trust', 'keys', name), 0o077, true),
    ),
    ...[...database, ...named].flatMap((path) => look(path, 0o077, false)),
  ];
}

/**
 * Closes what is open, and answers what to say of it. Empty when nothing was. `user`: the number of the user who runs
 * this. Undefined on Windows.
 */
export function tightenDataDir(
  dataDir: string,
  databaseFile: string | undefined,
  user = process.geteuid?.(),
): Notice[] {
  const places = openPlacesIn(dataDir, databaseFile);
  const failed = places.filter(({ path, wanted }) => !close(path, wanted));
  const keys = places.filter(({ isKey }) => isKey);
  const notices: Notice[] = foreignFolder(dataDir, user);
  if (keys.length > 0) {
    notices.push({
      headline: `Private keys in ${join(dataDir, 'keys')} could be read by other users of this machine.`,
      cause: `Before this start the mode of ${keys[0]?.path} was ${octal(keys[0]?.mode ?? 0)}.`,
      remedy: 'If somebody may have read them, rotate the signing key: docs/signing.md.',
    });
  }
  if (failed.length > 0) {
    const [first] = failed;
    notices.push({
      headline: `Other users of this machine can read ${first?.path}.`,
      cause: 'This user may not change its mode: it belongs to another one.',
      remedy: `Run as its owner: chmod ${octal(first?.wanted ?? 0o600)} ${first?.path}`,
    });
  }
  return notices;
}

/** The owner of a folder can replace the files in it, whatever their modes. */
function foreignFolder(dataDir: string, user: number | undefined): Notice[] {
  const owner = statSync(dataDir, { throwIfNoEntry: false })?.uid ?? 0;
  if (user === undefined || user === 0 || owner === 0 || owner === user) return [];
  return [
    {
      headline: `The data directory ${dataDir} belongs to another user of this machine (number ${owner}).`,
      cause: 'That user can replace everything in it, the keys too.',
      remedy: `Give it to the user of the server: chown -R USER ${dataDir}`,
    },
  ];
}

/** Open to a group alone is a choice. Open to everybody is not. */
function isForGroup(folder: string): boolean {
  return ((lstatSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o007) === 0;
}

/** Locks, the database's marks and what names its computers. */
const privateNames = [
  'moult.guard',
  'moult.lock',
  'keys.guard',
  'agent-bundles.guard',
  'backup.guard',
  'restore.guard',
  'clock.json',
  'audit-head.json',
  'unfinished-backup.json',
  'backups.json',
];

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function look(path: string, forbidden: number, isKey: boolean): OpenPlace[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || found.isSymbolicLink()) return [];
  const mode = found.mode & 0o777;
  return (mode & forbidden) === 0 ? [] : [{ path, mode, wanted: mode & ~forbidden, isKey }];
}

function close(path: string, mode: number): boolean {
  try {
    chmodSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
