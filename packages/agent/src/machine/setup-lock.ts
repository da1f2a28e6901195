// One setup at a time: an installation, an uninstallation and a host keep each other out. Each takes its own lock first
// and then looks for the other's, so neither overlooks the other.

import { makeFolders } from '@moult/disk';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';
import { type HeldLock, lockHolder, tryLock } from './lock.ts';
import type { MachineRoot } from './machine-root.ts';

/** Throws AgentError AGENT_HOST_RUNNING while the agent of this machine is installed or removed. */
export function requireNoSetup(root: MachineRoot): void {
  const holder = lockHolder(root.setupLock);
  if (holder) throw busy(root, holder.pid);
}

/** Takes the machine for a host. Throws AgentError AGENT_HOST_RUNNING for another host or a setup, and what the disk says. */
export function takeHostLock(root: MachineRoot): HeldLock {
  const lock = tryLock(root.hostLock);
  if (!('release' in lock)) {
    const text = `The agent of ${root.folder} is running already (process ${lock.pid}). Stop it with "moult agent stop".`;
    throw new AgentError('AGENT_HOST_RUNNING', text, { hresult: hresult.setupUnexpected });
  }
  try {
    requireNoSetup(root);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Takes the machine for a setup. Throws AgentError AGENT_HOST_RUNNING while another one has it, and what the disk says. */
export function holdSetup(root: MachineRoot): HeldLock {
  makeFolders(root.agentFolder);
  const lock = tryLock(root.setupLock);
  if ('release' in lock) return lock;
  throw busy(root, lock.pid);
}

function busy({ folder }: MachineRoot, pid: number): AgentError {
  const text = `The agent of ${folder} is being installed or removed (process ${pid}). Try again when that has ended.`;
  return new AgentError('AGENT_HOST_RUNNING', text, { hresult: hresult.setupUnexpected });
}
