// Tokens that `moult login` keeps: one file, which only this user can read.
import { renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeFolders, readOutside } from '@moult/disk';
import { UsageError } from '../terminal.ts';

export interface Credentials {
  token: string;
  /** Certificates (PEM) that the server's certificate must end at. Undefined: those that this machine trusts. */
  ca?: string | undefined;
}

type Kept = Record<string, Credentials>;
type Environment = Readonly<Record<string, string | undefined>>;

/** `~/.config/moult/servers.json`, and on Windows in the roaming profile. */
export function credentialsFile(environment: Environment = process.env): string {
  const { APPDATA, XDG_CONFIG_HOME, HOME } = environment;
  const base = process.platform === 'win32' ? APPDATA : XDG_CONFIG_HOME;
  return join(base || join(HOME || homedir(), '.config'), 'moult', 'servers.json');
}

/**
 * The credentials for a server, by its origin. Undefined if the file has none. Throws UsageError for a file that others
 * can read.
 */
export function loadCredentials(origin: string, file = credentialsFile()): Credentials | undefined {
  const kept = read(file);
  return Object.hasOwn(kept, origin) ? kept[origin] : undefined;
}

/**
 * Saves credentials. Undefined removes those of this origin. A process that ends in between leaves the old file or the
 * new one.
 */
export function saveCredentials(origin: string, credentials: Credentials | undefined, file = credentialsFile()): void {
  const { [origin]: _, ...others } = read(file);
  const kept = credentials ? { ...others, [origin]: credentials } : others;
  makeFolders(dirname(file), { mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

function read(file: string): Kept {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return {};
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    throw new UsageError(`${file} holds tokens, and other users can read it. Run: chmod 600 ${file}`);
  try {
    const parsed: unknown = JSON.parse(readOutside(file).toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Kept) : {};
  } catch (cause) {
    throw new UsageError(`${file} cannot be read. Remove it, and run "moult login" again.`, { cause });
  }
}
