// moult agent status --watch, and the exit code of a detection.
import { setTimeout as pause } from 'node:timers/promises';
import type { AgentStatus, Outcome } from '@moult/agent';
import { visibleJson } from '@moult/formats/text';
import { commandLimits } from '../bounds.ts';
import { exitCode } from '../terminal.ts';
import { describeStatus } from './agent-status.ts';

interface WatchParts {
  read(): AgentStatus;
  show(status: AgentStatus): void;
  /** Told of a status that cannot be read for a moment. The last good status stays in force. */
  failed(error: unknown): void;
  /** Waits for the next look. Rejects when somebody ends the watch. */
  wait(): Promise<unknown>;
}

/** Shows the status now and at each change, until the wait is ended. Answers the last one. Throws if the first look fails. */
export async function watchStatus({ read, show, failed, wait }: WatchParts): Promise<AgentStatus> {
  let last = read();
  let shown = JSON.stringify(last);
  let trouble = '';
  show(last);
  while (
    await wait().then(
      () => true,
      () => false,
    )
  ) {
    try {
      last = read();
      trouble = '';
    } catch (error) {
      if (String(error) !== trouble) failed(error);
      trouble = String(error);
      continue;
    }
    if (JSON.stringify(last) !== shown) show(last);
    shown = JSON.stringify(last);
  }
  return last;
}

/** As watchStatus, in this terminal until Ctrl+C. With `json` one line for each change. */
export async function watchAgent(read: () => AgentStatus, { json = false }: { json?: boolean }): Promise<AgentStatus> {
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  return watchStatus({
    read,
    show: (status) => (json ? console.log(oneLine(status)) : showAnew(status)),
    failed: (error) => console.error(`warning: ${error instanceof Error ? error.message : error}`),
    wait: () => pause(commandLimits.agentWatchMs, undefined, { signal: ended.signal }),
  });
}

/** A detection that failed, and one whose updates failed, are findings. Undefined: it was stopped before one ended. */
export function exitCodeOf(outcome: Outcome | undefined): number {
  if (outcome === undefined) return exitCode.fine;
  return outcome.ok && (outcome.failedUpdates ?? 0) === 0 ? exitCode.fine : exitCode.findings;
}

function oneLine(status: AgentStatus): string {
  return visibleJson(JSON.stringify(status, (_, value) => value ?? null));
}

/** In place of the last one on a terminal. Below it elsewhere. */
function showAnew(status: AgentStatus): void {
  // Home, and clear to the end: what was on the screen before stays in the scroll-back.
  if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J');
  console.log(describeStatus(status));
  if (!process.stdout.isTTY) console.log('');
}
