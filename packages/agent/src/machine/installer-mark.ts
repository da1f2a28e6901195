// Whether an installer of an update runs on this machine. It goes on when the agent is stopped or killed, so others look here.
import { statSync } from 'node:fs';
import { programBounds } from '../bounds.ts';
import { type LockHolder, livingProcess } from './lock.ts';
import type { MachineRoot } from './machine-root.ts';

/** The installer that runs now. */
export function runningInstaller({ installerMark }: MachineRoot): LockHolder | undefined {
  const holder = livingProcess(installerMark);
  if (holder?.started !== '') return holder;
  // If the system does not tell when a process began, another process may have its number by now. No installer may take
  // longer than this.
  const age = Date.now() - (statSync(installerMark, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return age >= 0 && age <= programBounds.maxInstallerMs ? holder : undefined;
}
