// A service runs as root. A user who can change its program, or swap a folder above it, becomes root with the next
// start.
import { lstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

const writableByGroup = 0o020;
const writableByAll = 0o002;
const sticky = 0o1000;

/**
 * The user or group that can change `file`, as a sentence. Undefined if only root can. `isCertain`: false for a group,
 * whose members an administrator may have chosen for that.
 */
export function whoCanChange(file: string): { sentence: string; isCertain: boolean } | undefined {
  let doubt: { sentence: string; isCertain: boolean } | undefined;
  for (let path = realpathSync.native(file); ; path = dirname(path)) {
    const { uid, gid, mode } = lstatSync(path);
    // In a folder such as /tmp a user cannot remove or rename the entries of others.
    const isOpen = (mode & writableByAll) !== 0 && (mode & sticky) === 0;
    if (uid !== 0) return { sentence: `${path} belongs to user ${uid}`, isCertain: true };
    if (isOpen) return { sentence: `every user may write to ${path}`, isCertain: true };
    if ((mode & writableByGroup) !== 0 && gid !== 0 && (mode & sticky) === 0)
      doubt ??= { sentence: `group ${gid} may write to ${path}`, isCertain: false };
    if (path === dirname(path)) return doubt;
  }
}
