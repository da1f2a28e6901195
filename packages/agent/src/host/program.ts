// A running agent program, as the host sees it: a child process with an IPC channel.
import { type ChildProcess, spawn } from 'node:child_process';
import { pathInside } from '@moult/disk';
import type { MachineRoot } from '../machine/machine-root.ts';
import { type AgentVersion, versionFolder } from './current.ts';
import { asFromProgram, type FromProgram, type ToProgram } from './messages.ts';
import { readIntactRelease } from './release-folder.ts';

export interface Program {
  readonly what: AgentVersion;
  readonly pid: number | undefined;
  /** Settles when the process is gone: its exit code or signal. */
  readonly gone: Promise<string>;
  /** Said as soon as the program is up (it has reported healthy). */
  tell(message: ToProgram): void;
  /** Asks it to stop and, when it does not within `graceMs`, kills it. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

interface ProgramOptions {
  trial: boolean;
  hear(message: FromProgram): void;
}

/** Starts the program of a version. A version that cannot even be started is `gone` at once. */
export function startProgram(root: MachineRoot, what: AgentVersion, { trial, hear }: ProgramOptions): Program {
  const folder = versionFolder(root, what.version);
  const release = readIntactRelease(folder);
  if (!release) return goneAtOnce(what, 'its files are damaged');
  const child = spawn(
    process.execPath,
    [pathInside(folder, release.entry), ...root.programArguments, ...(trial ? ['--trial'] : [])],
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], windowsHide: true },
  );
  const lastWords = collectLastWords(child);
  let isUp = false;
  const waiting: ToProgram[] = [];
  const sendNow = (message: ToProgram) => {
    if (child.connected) child.send(message, () => undefined);
  };
  child.on('message', (value) => {
    const message = asFromProgram(value);
    if (message?.kind === 'healthy') {
      isUp = true;
      for (const told of waiting.splice(0)) sendNow(told);
    }
    if (message) hear(message);
  });
  const gone = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(`${signal ?? `exit code ${code}`}${lastWords()}`));
  });
  return {
    what,
    pid: child.pid,
    gone,
    tell: (message) => {
      if (isUp) sendNow(message);
      else waiting.push(message);
    },
    kill: () => void child.kill('SIGKILL'),
    async stop(graceMs) {
      sendNow({ kind: 'stop' });
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

function collectLastWords(child: ChildProcess): () => string {
  let words = '';
  child.stderr?.on('data', (piece: Buffer) => {
    words = (words + piece.toString('utf8')).slice(-2000);
  });
  return () => {
    const lines = words.trim().split('\n');
    // The line of the program that threw it is before the error. It may be long and speak of errors too.
    const told =
      lines.find((line) => /^\w*error\b/i.test(line)) ??
      lines.find((line) => /error/i.test(line)) ??
      lines.at(-1) ??
      '';
    return told === '' ? '' : ` (${told.trim().slice(0, 200)})`;
  };
}

function goneAtOnce(what: AgentVersion, why: string): Program {
  return {
    what,
    pid: undefined,
    gone: Promise.resolve(why),
    tell: () => undefined,
    kill: () => undefined,
    stop: async () => undefined,
  };
}
