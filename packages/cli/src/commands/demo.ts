// moult demo: the whole story on this machine, in a folder that goes away again. `npm start` runs it.

import { repositoryFile } from '@moult/disk';
import { jsonText } from '@moult/formats/text';
import { type Command, InvalidArgumentError } from 'commander';
import type { Demo } from '../demo/run-demo.ts';
import { tellStory } from '../demo/story.ts';
import { exitCode } from '../terminal.ts';

interface DemoFlags {
  once?: boolean;
  port: number;
  keep?: boolean;
  json?: boolean;
  timeout: number;
  agentReleases: string;
}

/** A second interruption after this time does not wait for the cleaning up. */
const impatienceMs = 1500;

/** A person who watches gets this long to open the home page. */
const pauseMs = 5000;

export function register(program: Command): void {
  program
    .command('demo')
    .description('run the demo: a server, and an old agent that updates itself and installs an update')
    .option('--once', 'end when the story is complete. Exit code 1 names the failed stage')
    .option('--port <port>', 'port of the server. 0: any free port', wholeNumber(0, 65_535), 0)
    .option('--keep', 'leave the scratch folder behind')
    .option('--json', 'print one JSON document with the stages and their proof. The story goes to standard error')
    .option('--timeout <seconds>', 'time for the whole story', wholeNumber(1, 3600), 60)
    .option('--agent-releases <dir>', 'the built agent releases', defaultReleases())
    .action(show);
}

async function show(flags: DemoFlags): Promise<void> {
  const interruption = listenForInterruption();
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const story = tellStory(flags.json ? process.stderr : process.stdout, seconds);
  // Its help starts without the server.
  const { runDemo } = await import('../demo/run-demo.ts');
  const demo = await runDemo({
    port: flags.port,
    keep: flags.keep ?? false,
    pauseMs: !flags.once && process.stdout.isTTY ? pauseMs : 0,
    timeoutMs: flags.timeout * 1000,
    releaseFolder: flags.agentReleases,
    signal: interruption,
    story,
  });
  try {
    const tookSeconds = seconds();
    if (flags.json) console.log(jsonText({ ...demo.result, homePage: demo.homePage, seconds: tookSeconds }, 2));
    if (demo.result.complete) story.closing(complete(demo, tookSeconds, flags.once ?? false));
    else process.exitCode = exitCode.findings;
    if (demo.result.complete && !flags.once) await aborted(interruption);
  } finally {
    await demo.cleanUp();
    story.closing([flags.keep ? `${demo.scratch} is kept.` : `Stopped, and ${demo.scratch} is removed.`]);
  }
}

function complete({ homePage }: Demo, seconds: number, once: boolean): string[] {
  const done = `Complete in ${seconds.toFixed(1)} s: an old agent became a new one by itself, and installed its first update.`;
  if (once) return [done];
  return [
    done,
    '',
    `Server and agent keep running: look around at ${homePage}, then end it with Ctrl+C.`,
    'A server that stays: npx moult serve --help',
  ];
}

/** Ctrl+C and SIGTERM, once: npm and the outer moult process pass on what the terminal has sent already. */
function listenForInterruption(): AbortSignal {
  const interruption = new AbortController();
  let first: number | undefined;
  const interrupt = () => {
    first ??= performance.now();
    interruption.abort();
    if (performance.now() - first > impatienceMs) process.exit(exitCode.findings);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return interruption.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function defaultReleases(): string {
  return repositoryFile('packages/agent/dist');
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
  };
}
