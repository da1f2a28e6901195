// Removes files that a killed process left behind: files that it was about to rename into place, each with its process
// id in the name. They are not read, and without this they stay.
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MachineRoot } from './machine-root.ts';

/** `registry.reg.4711.tmp`, `host.lock.4711`: the names of atomic-file.ts and lock.ts. */
const leftover = /\.(?:(\d{1,10})\.tmp|lock\.(\d{1,10}))$/;

/** Removes temporary files whose process is gone. A file that cannot be removed stays for the next start. */
export function removeLeftovers(root: MachineRoot, isAlive: (pid: number) => boolean = processLives): void {
  for (const folder of foldersOf(root)) {
    for (const name of namesIn(folder)) {
      const [, ofFile, ofLock] = leftover.exec(name) ?? [];
      const pid = ofFile ?? ofLock;
      if (pid === undefined || isAlive(Number(pid))) continue;
      try {
        rmSync(join(folder, name), { force: true });
      } catch {
        // In use, or a folder: not ours.
      }
    }
  }
}

/** Only the agent's own folders: on a real machine `root.folder` is the whole drive. */
function foldersOf(root: MachineRoot): string[] {
  const cache = root.eventCacheFolder;
  return [
    ...(root.registryFile === undefined ? [] : [dirname(root.registryFile)]),
    ...[root.agentFolder, root.selfUpdateFolder, root.dataStoreFolder, cache, dirname(root.urlLog)],
  ];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function processLives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
