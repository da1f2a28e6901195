// The owner of work that one process at a time may do: host, process and a random part. An owner whose process ended
// does not count.
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

/** Owners within this process: one that a killed run of this process id left is not among them. */
const owners = new Set<string>();

/** A new owner of this process, until `endOwner`. */
export function newOwner(): string {
  const owner = `${hostname()}/${process.pid}/${randomUUID()}`;
  owners.add(owner);
  return owner;
}

export function endOwner(owner: string): void {
  owners.delete(owner);
}

/** This machine can say of its own processes whether they live. Of others only their lease says it. */
export function isGone(owner: string): boolean {
  const [host, pid] = owner.split('/');
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return !owners.has(owner);
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
