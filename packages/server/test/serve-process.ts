// The server as a process of its own, which can be killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));

/** `await using` ends it, also when the test fails: a process that is left would keep the file of the test running. */
export interface ServeProcess extends AsyncDisposable {
  url: string;
  child: ChildProcess;
  /** What it has written to standard error. */
  said(): string;
  /** Asks it to end, and waits until it has ended. */
  stop(): Promise<void>;
  /** Ends it at once, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Starts `moult serve` on a free port of this machine. Rejects, with what it said, when it ends before it is ready. */
export async function startServe(flags: readonly string[], env = process.env): Promise<ServeProcess> {
  const always = ['--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off'];
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, [moult, 'serve', ...always, ...flags], { stdio: [...stdio], env });
  let said = '';
  child.stderr.on('data', (piece) => {
    said += piece;
  });
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  for await (const piece of child.stdout) {
    const url = /^ready (\S+)/m.exec(String(piece))?.[1];
    if (!url) continue;
    child.stdout.resume();
    const kill = () => end('SIGKILL');
    const stop = async () => {
      const overdue = setTimeout(kill, 60_000);
      await end('SIGTERM').finally(() => clearTimeout(overdue));
    };
    return { url, child, said: () => said, stop: () => end('SIGTERM'), kill, [Symbol.asyncDispose]: stop };
  }
  throw new Error(`the server ended before it was ready: ${said}`);
}
