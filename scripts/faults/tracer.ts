// strace on one program of a self-update: writes down its file calls, or changes the N-th of them. The host is traced
// as it is started. For an agent program the host starts a small script in place of Node, which starts Node traced.
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Role, roles } from './run.ts';

/** Calls that take a path, or a descriptor of a file. */
const fileCalls = [
  'openat,open,creat,close,read,pread64,readv,write,pwrite64,writev,fsync,fdatasync,ftruncate,fallocate,sendfile',
  'copy_file_range,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,stat,lstat',
  'newfstatat,statx,fstat,statfs,fstatfs,access,faccessat,faccessat2,readlink,readlinkat,getdents64,utimensat',
  'fchmod,fchmodat,chmod,chown,fchown,flock,lseek,chdir',
]
  .join(',')
  .split(',');

/** Calls that change what is on the disk, or order it. */
const writeCalls =
  /^(write|pwrite64|writev|fsync|fdatasync|ftruncate|fallocate|sendfile|copy_file_range|rename|link|symlink|unlink|mkdir|rmdir|utimensat|f?chmod)/;

/** One call of one program: the N-th of its name in its thread. */
export interface Point {
  role: Role;
  call: string;
  number: number;
  /** Changes the disk, or opens a file to be changed. */
  writes: boolean;
  /** The file, below the machine's folder. */
  path: string;
}

export interface Traced {
  command: readonly string[];
  env: NodeJS.ProcessEnv;
}

/** The parts for a traced start of a program of the lab. */
export interface TracerParts {
  node: string;
  /** A folder of this lab for the two small files. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** The versions of the journey. They tell the programs apart. */
  versions: { old: string; new: string };
}

/**
 * The command and environment that start the host so that strace with `options` works on `role`. With `onceMark`, a
 * file that is not there yet, only the first start of an agent program is traced.
 */
export function traced(
  { node, folder, env, versions }: TracerParts,
  role: Role,
  options: readonly string[],
  onceMark = '',
): Traced {
  const strace = ['strace', '-D', '-q', ...options];
  if (role === 'host') {
    // -b execve: lets go of the programs that the host starts. It goes with no seccomp-bpf.
    const plain = strace.filter((option) => option !== '--seccomp-bpf');
    return { command: [...plain, '-b', 'execve', '--', node], env: preloaded({ env, folder }) };
  }
  return {
    command: [node],
    env: {
      ...preloaded({ env, folder }),
      MOULT_FAULT_START: join(folder, 'start-traced.sh'),
      MOULT_FAULT_NODE: node,
      MOULT_FAULT_PATH: role === 'newhost' ? `/hosts/${versions.new}/` : `/versions/${versions[role]}/`,
      MOULT_FAULT_STRACE: strace.join(' '),
      MOULT_FAULT_ONCE: onceMark,
    },
  };
}

/**
 * The command and environment for a recorded start of the host. The file calls of every thread of every program go to
 * `<prefix>.<thread>`.
 */
export function recorded({ node, folder, env }: TracerParts, prefix: string): Traced {
  const trace = [...fileCalls, ...processCalls].map((call) => `?${call}`).join(',');
  const options = ['--seccomp-bpf', '-ff', '-y', '-s', '4096', '-e', `trace=${trace}`, '-o', prefix];
  return { command: ['strace', '-D', '-q', ...options, '--', node], env: preloaded({ env, folder }) };
}

/** Also where it changes nothing: what it reads counts in the numbers of the calls. */
function preloaded({ env, folder }: Pick<TracerParts, 'env' | 'folder'>): NodeJS.ProcessEnv {
  return { ...env, NODE_OPTIONS: `--require ${join(folder, 'start-traced.cjs')}` };
}

/** The two small files that `traced` leads to. */
export function writeTracer(folder: string): void {
  writeFileSync(
    join(folder, 'start-traced.cjs'),
    `const start = process.env.MOULT_FAULT_START;
if (start && (process.argv[1] ?? '').endsWith('host.mjs')) process.execPath = start;
`,
  );
  const script = join(folder, 'start-traced.sh');
  const lines = [
    '#!/bin/sh',
    'case "$*" in',
    '  *"$MOULT_FAULT_PATH"*)',
    '    if [ -z "$MOULT_FAULT_ONCE" ] || mkdir "$MOULT_FAULT_ONCE" 2>/dev/null; then',
    '      exec $MOULT_FAULT_STRACE -- "$MOULT_FAULT_NODE" "$@"',
    '    fi ;;',
    'esac',
    'exec "$MOULT_FAULT_NODE" "$@"',
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  chmodSync(script, 0o755);
}

/** The fault in a call. A signal comes before the call, or after it if the program only stops. */
export type Injection = { error: string } | { signal: 'KILL' | 'STOP' };

/**
 * Options that inject at the N-th `call` of each thread (`12`), or from the N-th on (`12+`). strace writes to `output`
 * what came of it.
 */
export function injecting(call: string, injection: Injection, when: string, output: string): string[] {
  const isError = 'error' in injection;
  const what = isError ? `error=${injection.error}` : `signal=${injection.signal}`;
  // With seccomp-bpf strace injects no signals.
  const options = isError ? ['--seccomp-bpf', '-e', 'signal=none'] : ['-e', `signal=${injection.signal}`];
  // -A: a program that is started twice in a run has one output.
  return [...options, '-f', '-A', '-e', `trace=${call}`, '-e', `inject=${call}:${what}:when=${when}`, '-o', output];
}

/** The mark of strace for an injection that took place. */
export const injectedMark = /\(INJECTED\)|killed by SIGKILL|--- SIGSTOP/;

/** These calls tell threads and programs apart. */
const processCalls = ['execve', 'clone', 'clone3', 'fork', 'vfork'];

/** The recorded calls that concern files of the machine in `machineFolder`, program by program. */
export function pointsIn(recordFolder: string, machineFolder: string, versions: TracerParts['versions']): Point[] {
  const threads = new Map(
    readdirSync(recordFolder).map((name) => [
      name.replace(/.*\./, ''),
      readFileSync(join(recordFolder, name), 'utf8').split('\n'),
    ]),
  );
  const rolesOfThreads = whoIsWho(threads, versions);
  return roles.flatMap((role) => {
    const all = [...threads]
      .filter(([thread]) => rolesOfThreads.get(thread) === role)
      .flatMap(([, lines]) => pointsOfThread(role, lines, machineFolder));
    // The N-th call is counted in each thread: one injection is for all of them.
    return [...new Map(all.map((point) => [`${point.call}/${point.number}`, point])).values()];
  });
}

/** A thread is what it started last, or what its process is. */
function whoIsWho(threads: ReadonlyMap<string, string[]>, versions: TracerParts['versions']): Map<string, Role> {
  const known = new Map<string, Role>();
  for (const [thread, lines] of threads) {
    const role = roleOfProgram(lines.findLast((line) => line.startsWith('execve(')) ?? '', versions);
    if (!role) continue;
    const open = [thread];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      known.set(next, role);
      for (const line of threads.get(next) ?? []) {
        const [, child] = /^clone3?\(.*CLONE_THREAD.* = (\d+)/.exec(line) ?? [];
        if (child !== undefined) open.push(child);
      }
    }
  }
  return known;
}

function roleOfProgram(execve: string, versions: TracerParts['versions']): Role | undefined {
  if (execve.includes(`/hosts/${versions.new}/`)) return 'newhost';
  if (execve.includes(`/versions/${versions.new}/`)) return 'new';
  if (execve.includes(`/versions/${versions.old}/`)) return 'old';
  return execve.includes('/host.mjs"') ? 'host' : undefined;
}

function pointsOfThread(role: Role, lines: readonly string[], machineFolder: string): Point[] {
  const counts = new Map<string, number>();
  const points: Point[] = [];
  // Calls of a process before it becomes another program are not that program's.
  for (const line of lines.slice(lines.findLastIndex((one) => one.startsWith('execve(')) + 1)) {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    const number = (counts.get(call) ?? 0) + 1;
    counts.set(call, number);
    const at = line.indexOf(`${machineFolder}/`);
    if (at < 0) continue;
    const path = line.slice(at + machineFolder.length + 1).split(/[>"]/, 1)[0] ?? '';
    const writes = writeCalls.test(call) || (call === 'openat' && /O_CREAT|O_TRUNC|O_WRONLY|O_RDWR/.test(line));
    points.push({ role, call, number, writes, path });
  }
  return points;
}
