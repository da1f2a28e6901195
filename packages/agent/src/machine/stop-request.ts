// Asks a host to end. Windows has no signals, and to kill a process there leaves it no time to finish. So the caller writes
// the process id of the host to a file that the host looks for. A file for another host counts for nothing.

import { readFileSync } from 'node:fs';
import { isSurelyThere, removeFileWhenFree } from '@moult/disk';
import { writeFileAtomically } from './atomic-file.ts';
import type { MachineRoot } from './machine-root.ts';

/** Asks the host with this process id to stop its program and to end. Throws the error of the disk. */
export function requestStop(root: MachineRoot, pid: number, platform: string = process.platform): void {
  if (platform === 'win32') writeFileAtomically(root.stopRequest, String(pid));
  else process.kill(pid, 'SIGTERM');
}

/** Whether this process is asked to end. The request is gone afterwards. */
export function isAskedToStop({ stopRequest }: MachineRoot): boolean {
  if (!isSurelyThere(stopRequest)) return false;
  try {
    const pid = Number(readFileSync(stopRequest, 'latin1'));
    removeFileWhenFree(stopRequest);
    return pid === process.pid;
  } catch {
    // Held open, or no file: it is looked at again.
    return false;
  }
}
