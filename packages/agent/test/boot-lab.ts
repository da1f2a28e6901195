// A Debian machine that boots: this system's own files below an overlay that takes every change, empty where people and projects keep
// theirs, with systemd as its first process. Nothing of Node is on it. It shares the network with the test, and nothing else.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Why no machine can be booted here; '' when one can. */
export function whyNoBoot(): string {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'a machine is booted by root on Linux alone';
  return existsSync('/lib/systemd/systemd') ? '' : 'systemd is not installed';
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

export interface BootedMachine extends AsyncDisposable {
  /** Everything that was changed on the machine, as files: the upper layer of the overlay. */
  changes: string;
  boot(): Promise<void>;
  /** Ends every process at once. */
  cutPower(): Promise<void>;
  /** Runs a program on the machine. */
  run(...command: string[]): Ran;
  /** The same, while this process answers what the program asks of it. */
  serve(...command: string[]): Promise<Ran>;
  close(): Promise<void>;
}

const bootMs = 120_000;

/** Makes the machine in `folder`; it is off. */
export function makeBootedMachine(folder: string): BootedMachine {
  const [changes, work, root, log] = ['upper', 'work', 'root', 'console.log'].map((name) => join(folder, name));
  if (!changes || !work || !root || !log) throw new Error('no folder');
  for (const made of [changes, work, root]) mkdirSync(made, { recursive: true });
  const cgroup = `moult-${process.pid}-${folder.replaceAll(/\W/g, '')}`;
  const script = join(folder, 'first-process.sh');
  writeFileSync(script, firstProcess(folder, root));
  const outer = join(folder, 'machine.sh');
  writeFileSync(
    outer,
    [
      'set -e',
      'mount --make-rprivate /',
      `mkdir -p ${folder}/cgroup`,
      `mount -t cgroup2 none ${folder}/cgroup`,
      `mkdir -p ${folder}/cgroup/${cgroup}`,
      `echo $$ > ${folder}/cgroup/${cgroup}/cgroup.procs`,
      `umount ${folder}/cgroup`,
      `exec unshare --pid --fork --uts --ipc --cgroup --mount sh ${script}`,
    ].join('\n'),
  );
  let outside: ChildProcess | undefined;
  let first = 0;

  const inside = (command: string[]) => [
    ...['--target', `${first}`, '--mount', '--uts', '--ipc', '--pid', '--cgroup', '--root', '--wdns=/'],
    ...command,
  ];
  const options = {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
    timeout: bootMs,
  } as const;
  const run = (...command: string[]) => {
    const { status, stdout, stderr } = spawnSync('nsenter', inside(command), options);
    return { code: status ?? -1, out: stdout, err: stderr };
  };
  const kill = () => first !== 0 && existsSync(`/proc/${first}`) && process.kill(first, 'SIGKILL');
  process.once('exit', kill);
  const cutPower = async () => {
    const child = outside;
    outside = undefined;
    if (!child) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    kill();
    await gone;
    first = 0;
  };
  return {
    changes,
    async boot() {
      const child = spawn('unshare', ['--mount', 'sh', outer], { stdio: ['ignore', 'pipe', 'pipe'] });
      outside = child;
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (piece) => {
          said += piece;
        });
      for (const deadline = performance.now() + bootMs; performance.now() < deadline; await pause(50)) {
        if (child.exitCode !== null) throw new Error(`it does not boot: ${said}`);
        first = childOf(child.pid ?? 0) ?? 0;
        if (first === 0 || !readFileSync(`/proc/${first}/comm`, 'utf8').startsWith('systemd')) continue;
        if (run('systemctl', 'is-active', 'multi-user.target').out === 'active\n') return;
      }
      throw new Error(`it does not come up: ${said}`);
    },
    cutPower,
    run,
    serve: (...command) =>
      new Promise((resolve) => {
        const child = execFile('nsenter', inside(command), options, (_, out, err) =>
          resolve({ code: child.exitCode ?? -1, out, err }),
        );
      }),
    async close() {
      await cutPower();
      process.off('exit', kill);
      const swept = join(folder, 'cgroup');
      const tidy = `mount -t cgroup2 none ${swept}; find ${swept}/${cgroup} -depth -type d -exec rmdir {} +; umount ${swept}`;
      spawnSync('unshare', ['--mount', 'sh', '-c', tidy], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {
      await this.close();
    },
  };
}

/** Only what the unit of a service needs to be started: no log-in, no timers, no services of this system. */
function firstProcess(folder: string, root: string): string {
  const empty = ['run', 'tmp', 'work', 'root', 'home', 'srv', 'mnt', 'usr/local', 'dev'];
  return [
    'set -e',
    'mount --make-rprivate /',
    `mount -t overlay overlay -o lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work ${root}`,
    `cd ${root}`,
    ...empty.map((name) => `if [ -d ${name} ]; then mount -t tmpfs -o mode=755 tmpfs ${name}; fi`),
    'mount -t proc proc proc',
    'mount -t sysfs -o ro sysfs sys',
    'mount -t cgroup2 cgroup2 sys/fs/cgroup',
    'chmod 1777 tmp',
    'for one in "null 3" "zero 5" "full 7" "random 8" "urandom 9"; do set -- $one; mknod -m 666 dev/$1 c 1 $2; done',
    'mkdir -p dev/shm dev/pts opt; ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd; ln -s fd/1 dev/stdout; ln -s fd/2 dev/stderr',
    // The services of this system are not those of the machine.
    'if [ ! -e opt/booted ]; then',
    '  rm -rf etc/systemd/system/* lib/systemd/system/*.wants/* var/lib/moult-agent usr/bin/node usr/bin/nodejs',
    '  touch opt/booted',
    'fi',
    `exec env -i container=moult PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot . /lib/systemd/systemd --unit=multi-user.target --log-target=console --log-level=warning --show-status=false`,
    '',
  ].join('\n');
}

function childOf(parent: number): number | undefined {
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent) return Number(name);
    } catch {
      // It ended meanwhile.
    }
  }
  return undefined;
}
