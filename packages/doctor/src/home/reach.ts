// Whether this user can see a file or folder at all. An unreadable file says nothing of itself: whoever calls it
// missing makes people replace keys that every agent pins.
import { closeSync, constants, lstatSync, opendirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Observation, observe } from '../finding.ts';

type Reach = 'there' | 'missing' | 'not-readable';

/** `there`: this user can read it. A folder is listed and entered. */
export function reachOf(path: string): Reach {
  try {
    if (lstatSync(path).isDirectory()) enter(path);
    else closeSync(openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
    return 'there';
  } catch (error) {
    return isRefused(error) ? 'not-readable' : 'missing';
  }
}

/** Throws where the folder may not be listed, or nothing in it reached: these are two rights. */
function enter(folder: string): void {
  opendirSync(folder).closeSync();
  lstatSync(join(folder, '.'));
}

/** True for an error, or for what caused it, that says that this user has no right. */
export function isRefused(error: unknown): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'SQLITE_CANTOPEN' || code === 'ERR_SQLITE_ERROR_CANTOPEN')
      return true;
    if (/\b(?:EACCES|EPERM|permission denied)\b/i.test(each.message)) return true;
  }
  return false;
}

/** One finding for each such place. */
export function observeUnreadable(places: readonly string[]): Observation[] {
  return places.map((file) =>
    observe('DOCTOR_NOT_READABLE', 'unknown', ['server', 'access', file], { file, product: 'moult' }, [
      { source: file, text: `not readable as this user (${userName()})` },
    ]),
  );
}

function userName(): string {
  const id = process.geteuid?.();
  return id === undefined ? 'no number' : `number ${id}`;
}
