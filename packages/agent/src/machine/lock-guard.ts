// The base of a lock under Windows. There the number of a process is soon used again, and its beginning is not known: a
// file that its holder has open for itself alone. The system closes it when the holder ends, however it ends.
import { closeSync, constants, openSync } from 'node:fs';

/** UV_FS_O_EXLOCK of libuv: Windows does not share the file while it is open. */
const forItselfAlone = 0x1000_0000;

interface LockGuard {
  close(): void;
}

/** Takes the guard of the lock at `file`. Undefined while another process has it. */
export function takeGuard(file: string): LockGuard | undefined {
  try {
    const handle = openSync(guardOf(file), constants.O_RDWR | constants.O_CREAT | forItselfAlone);
    return { close: () => closeSync(handle) };
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw error;
  }
}

/** Whether a process has the guard. True as well when this user may not look. */
export function isGuardTaken(file: string): boolean {
  try {
    closeSync(openSync(guardOf(file), constants.O_RDONLY | forItselfAlone));
    return false;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}

function guardOf(file: string): string {
  return `${file}.guard`;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EBUSY';
}
