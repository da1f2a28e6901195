// A Windows machine for one test file: a Wine prefix of its own with the Windows build of Node, its own registry and
// its own drive C:. Everything in it is ended when the file is through, however it ends.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { findWine, windowsNode } from '../../../scripts/windows-node.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface WineMachine {
  /** Drive C: as this system sees it. */
  drive: string;
  /** The agent's folders and files on drive C:, as this system sees them. Its registry is Wine's, not a file. */
  root: MachineRoot;
  /** Runs a program of Windows to its end. */
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ran>;
  /** The moult command as it was built. */
  moult(...args: string[]): Promise<Ran>;
  /** The host of the installed agent, in the foreground: one detection. */
  host(env?: NodeJS.ProcessEnv): Promise<Ran>;
  reg(...args: string[]): Promise<Ran>;
  /** Starts JavaScript in the background. Answers its process id there as soon as it has printed a line. */
  background(source: string): Promise<number>;
  /** Gives this variable to services too. They have it after the next start, if that finds the registry saved. */
  setVariable(name: string, value: string): Promise<void>;
  /** Starts the machine and its services. It stays on until cutPower. Without it, it is on while a program runs. */
  boot(): Promise<void>;
  /** Ends every process of the machine at once, as a power cut does. What the last 30 s wrote to the registry is lost. */
  cutPower(): void;
  /** The same a while later: the registry is on the disk. Throws if `text`, a key or value as system.reg has it, is not. */
  cutPowerWhenSaved(text: string): void;
  /** How many programs of Node run on the machine. */
  nodes(): number;
  close(): void;
}

const longestMs = 240_000;

/** Makes the machine in `folder`. Throws when Wine is missing or cannot make it. */
export function openWineMachine(folder: string): WineMachine {
  const wine = findWine();
  if (wine === undefined) throw new Error('Wine is not installed (on Debian: apt-get install wine64)');
  const prefix = join(folder, 'wine');
  const [home, output] = [join(folder, 'home'), join(folder, 'output')];
  for (const made of [prefix, home, output]) mkdirSync(made, { recursive: true });
  const { DISPLAY: _, NODE_OPTIONS: __, NODE_TEST_CONTEXT: ___, NODE_COMPILE_CACHE: ____, ...outer } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...outer,
    WINEPREFIX: prefix,
    // No questions about Mono and Gecko, and no entries in the menus of whoever runs the tests.
    WINEDLLOVERRIDES: 'mscoree=;mshtml=;winemenubuilder.exe=',
    WINEDEBUG: '-all',
    HOME: home,
    NODE_SKIP_PLATFORM_CHECK: '1',
    // Wine takes words on command lines by the locale. A bare machine has none, and then letters beyond ASCII get lost.
    LC_ALL: 'C.UTF-8',
  };
  const cutPower = () => {
    // One that is being started may not be there at the first look.
    for (let found = processesOf(prefix); found.length > 0; found = processesOf(prefix)) {
      for (const { pid } of found) kill(pid);
      Atomics.wait(sleeper, 0, 0, 20);
    }
  };
  // Wine writes its registry every 30 s, and when its server is told to end. No program of it outlives the server.
  const cutPowerWhenSaved = (text: string) => {
    const servers = () => processesOf(prefix).filter(({ command }) => /wineserver/.test(command));
    for (const { pid } of servers()) kill(pid, 'SIGTERM');
    for (let left = longestMs; left > 0 && servers().length > 0; left -= 20) Atomics.wait(sleeper, 0, 0, 20);
    cutPower();
    const file = join(prefix, 'system.reg');
    if (!existsSync(file) || !readFileSync(file, 'utf8').includes(text))
      throw new Error(`${file} does not hold ${text}`);
  };
  process.on('exit', cutPower);
  // A signal alone would end this process and leave the machine running.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
  const made = spawnSync(wine, ['wineboot', '--init'], { env, stdio: 'ignore', timeout: longestMs });
  if (made.status !== 0) throw new Error(`Wine could not make a machine: ${made.error?.message ?? made.status}`);

  let runs = 0;
  const start = (program: string, args: readonly string[], more: NodeJS.ProcessEnv) => {
    // Node under Wine writes to files only.
    const files = ['out', 'err'].map((name) => join(output, `${++runs}.${name}`));
    const [out = 0, err = 0] = files.map((file) => openSync(file, 'w'));
    const child = spawn(wine, [program, ...args], { env: { ...env, ...more }, stdio: ['ignore', out, err] });
    // A test that fails does not wait for it: cutPower ends it.
    child.unref();
    closeSync(out);
    closeSync(err);
    return { child, read: () => files.map((file) => readFileSync(file, 'utf8')) };
  };
  const run = async (program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    const { child, read } = start(program, args, more);
    const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
    const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1)));
    clearTimeout(timer);
    const [out = '', err = ''] = read();
    return { code, out: out.replaceAll('\r\n', '\n'), err: err.replaceAll('\r\n', '\n') };
  };
  const drive = join(prefix, 'drive_c');
  const root = machineRoot(drive);
  return {
    drive,
    root,
    run,
    moult: (...args) => run(windowsNode, [onWindows(builtCommand()), ...args]),
    host: (more) => run(windowsNode, ['C:\\Program Files\\Moult\\Agent\\host.mjs', '--now', '--once'], more),
    reg: (...args) => run('reg.exe', args),
    async background(source) {
      const { child, read } = start(windowsNode, ['--eval', `${source}; console.log(process.pid)`], {});
      for (let left = longestMs; left > 0; left -= 50) {
        const line = /^(\d+)\s/.exec(read()[0] ?? '');
        if (line) return Number(line[1]);
        if (child.exitCode !== null) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`it did not start: ${read().join('\n')}`);
    },
    async setVariable(name, value) {
      const key = 'HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment';
      const { code, err } = await run('reg.exe', ['add', key, '/v', name, '/d', value, '/f']);
      if (code !== 0) throw new Error(`reg.exe: ${err}`);
    },
    async boot() {
      const server = ['wineserver64', 'wineserver'].map((name) => join(dirname(wine), name)).find(existsSync);
      spawnSync(server ?? 'wineserver', ['--persistent'], { env, stdio: 'ignore' });
      const { code, err } = await run('reg.exe', ['query', 'HKLM\\SYSTEM', '/f', 'nothing-of-this-name', '/k']);
      if (code < 0) throw new Error(`it does not start: ${err}`);
    },
    cutPower,
    cutPowerWhenSaved,
    nodes: () => processesOf(prefix).filter(({ command }) => command.includes('node.exe')).length,
    close() {
      cutPower();
      process.off('exit', cutPower);
      rmSync(prefix, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A path of this system as Wine's programs see it. */
export function onWindows(path: string): string {
  return `Z:${path.replaceAll('/', '\\')}`;
}

/** TypeScript as one file that the Windows build of Node runs, under `name` in `folder`. */
export async function bundleForWindows(source: string, folder: string, name: string): Promise<string> {
  const outfile = join(folder, name);
  await build({
    entryPoints: [fileURLToPath(new URL(source, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
    banner: {
      js: "import{createRequire as moultRequire}from'node:module';const require=moultRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** bin/moult.js would look for Node 24, which does not run under this Wine. */
function builtCommand(): string {
  return fileURLToPath(new URL('../../cli/dist/moult.js', import.meta.url));
}

/** The processes of a prefix, its server included. Zombies are none. */
function processesOf(prefix: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`WINEPREFIX=${prefix}\0`);
        return isOurs ? [{ pid: Number(pid), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }] : [];
      } catch {
        return [];
      }
    });
}

function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
