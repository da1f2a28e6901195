// The programs of a machine as processes: started in a group of their own, ended together, waited for to the last.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface StartedGroup {
  /** Also the number of the process group. */
  pid: number;
  /** Settles when the first process is gone. */
  ended: Promise<number | undefined>;
  /**
   * The output of the group on standard error, cut to the part that is worth keeping. Settles when no process can add
   * to it, or 5 s after the call.
   */
  stderr(): Promise<string>;
  child: ChildProcess;
}

const keptBytes = 4000;
/** A program that left the group may hold the pipe for ever. */
const lastWordsMs = 5000;

/** Starts a program as the first process of a new group. */
export function startGroup(command: readonly string[], env: NodeJS.ProcessEnv, folder?: string): StartedGroup {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'], env, cwd: folder });
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => {
    said = (said + piece.toString('utf8')).slice(-keptBytes);
  });
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? undefined));
  });
  // The news of the end may come before the last words: they wait in the pipe.
  const closed = new Promise((resolve) => child.once('close', resolve));
  const stderr = async () => {
    await Promise.race([closed, pause(lastWordsMs, undefined, { ref: false })]);
    return said.trim();
  };
  return { pid: child.pid ?? 0, ended, stderr, child };
}

/** Ends every process of the group at once. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // All processes are gone.
  }
}

/** True as soon as no process of the group lives. False when one still does after `limitMs`. */
export async function groupIsGone(group: number, limitMs: number): Promise<boolean> {
  const begun = performance.now();
  // Asking about each process of the system is costly, so it asks less and less often.
  let lookAt = begun + 40;
  for (let waitMs = 2; ; waitMs = Math.min(waitMs * 2, 50)) {
    if (!isThere(group)) return true;
    const now = performance.now();
    const isLate = now - begun >= limitMs;
    if (now >= lookAt || isLate) {
      if (!livesOn(group)) return true;
      lookAt = now + Math.min(4 * (now - begun), 1000);
    }
    if (isLate) return false;
    await pause(waitMs);
  }
}

/** Whether the group has processes. Dead ones whose parent has not asked about them yet (zombies) count. */
function isThere(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

function livesOn(group: number): boolean {
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isMember(name, group));
}

function isMember(pid: string, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && Number(processGroup) === group;
  } catch {
    return false;
  }
}

/** Processor time of this process and of all its children that have ended, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // proc_pid_stat(5): cutime and cstime, in hundredths of a second.
    return (user + system) / 1e6 + (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return (user + system) / 1e6;
  }
}

/** Runs a program to its end. Throws with what it said when it fails. */
export async function runProgram(command: readonly string[]): Promise<string> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => pieces.push(piece));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const said = Buffer.concat(pieces).toString('utf8');
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${said.trim()}`);
  return said;
}
