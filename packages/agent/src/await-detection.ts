// A detection that somebody asked for, followed to its end from outside: by the registry that the agent writes, and by its
// logs. The agent itself has no part in it.
import { setTimeout as pause } from 'node:timers/promises';
import { isThere } from '@moult/disk';
import { readWaitTimeout } from './machine/au-state.ts';
import { keys } from './machine/keys.ts';
import type { MachineRoot } from './machine/machine-root.ts';
import { dword, string } from './machine/policy.ts';
import { openRegistry } from './machine/registry.ts';
import { type HistoryEntry, readHistory } from './panel/history.ts';
import { type AgentStatus, readStatus, requestDetection, serviceHolder } from './read-status.ts';

export interface DetectionEnd {
  /** `ended`: with a result. `stopped`: the agent was stopped meanwhile. `late`: it has not ended in time. */
  how: 'ended' | 'stopped' | 'late';
  /** The result that the agent noted last. Of this detection only when it has ended. */
  result: AgentStatus['results']['detect'];
  /** When the next one is, ISO 8601, UTC. */
  next: string | undefined;
  /** Failures since then, oldest first: of updates, and of the agent itself. */
  failures: HistoryEntry[];
}

interface WaitOptions {
  /** The longest wait, for a detection that is under way as well. */
  waitMs: number;
  now?: () => Date;
}

const lookEveryMs = 250;

/**
 * Asks the running agent to detect, and waits until that is over, with the self-update that it leads to. Undefined when no
 * agent runs. Throws AgentError AGENT_CONFIG_NOT_INSTALLED, AGENT_CONFIG_BAD_REGISTRY, and what the disk says.
 */
export async function awaitDetection(
  root: MachineRoot,
  { waitMs, now = () => new Date() }: WaitOptions,
): Promise<DetectionEnd | undefined> {
  const deadline = performance.now() + waitMs;
  const isLate = () => performance.now() >= deadline;
  // One that is under way may have asked the server already: its end is not an answer.
  while (serviceHolder(root) && isUnderWay(root, now()) && !isLate()) await pause(lookEveryMs);
  // The logs count in seconds.
  const askedAt = Math.floor(now().getTime() / 1000) * 1000;
  const before = notesOf(root);
  if (!requestDetection(root)) return undefined;
  for (let hasBegun = false; ; ) {
    await pause(lookEveryMs);
    const isTaken = !isThere(root.detectRequest);
    const notes = notesOf(root);
    const isPending = notes.next !== undefined && notes.next <= now().getTime();
    hasBegun ||= isTaken && (isPending || isNews(before, notes));
    if (hasBegun && isTaken && notes.next !== undefined && !isPending) return endOf(root, 'ended', askedAt);
    if (!serviceHolder(root)) return endOf(root, 'stopped', askedAt);
    if (isLate()) return endOf(root, 'late', askedAt);
  }
}

/** At its start a detection notes the present as its time, at its end the time of the next one. */
function isUnderWay(root: MachineRoot, now: Date): boolean {
  const { next } = notesOf(root);
  return next !== undefined && next <= now.getTime();
}

interface Notes {
  /** Milliseconds since 1970. */
  next: number | undefined;
  result: string;
}

function notesOf(root: MachineRoot): Notes {
  const view = openRegistry(root).read();
  const key = `${keys.results}\\Detect`;
  const result = `${dword(view, key, 'LastError')} ${string(view, key, 'LastSuccessTime')}`;
  return { next: readWaitTimeout(view)?.getTime(), result };
}

/** A short detection is over between two looks. An agent that starts for the first time notes a time as well. */
function isNews(before: Notes, { next, result }: Notes): boolean {
  return result !== before.result || (before.next !== undefined && next !== before.next);
}

function endOf(root: MachineRoot, how: DetectionEnd['how'], askedAt: number): DetectionEnd {
  const { results, nextDetection } = readStatus(root);
  const failures = readHistory(root).filter(({ at, result }) => result === 'bad' && at.getTime() >= askedAt);
  return { how, result: results.detect, next: nextDetection, failures: failures.reverse() };
}
