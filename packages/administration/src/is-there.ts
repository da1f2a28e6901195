// There, missing, or not for this user to see: three answers, not two.
import { type Stats, statSync } from 'node:fs';
import { AdministrationError } from './errors.ts';

/**
 * The state of `path`. Undefined when nothing is. Throws AdministrationError ADMINISTRATION_NOT_ALLOWED when this user
 * may not know.
 */
export function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    // A file where a folder should be, or a name that no file can have.
    if (code !== 'EACCES' && code !== 'EPERM') return undefined;
    throw new AdministrationError('ADMINISTRATION_NOT_ALLOWED', notAllowed(path), { cause });
  }
}

export function isThere(path: string): boolean {
  return lookAt(path) !== undefined;
}

function notAllowed(path: string): string {
  const advice =
    process.platform === 'win32'
      ? 'Run the command in a console of an administrator.'
      : `Run the command as the user of the server, or with sudo. Now it runs as user id ${process.geteuid?.()}.`;
  return `This user may not look at ${path}, so whether it is there is unknown. ${advice}`;
}
