// True power cuts: a machine on a file system of its own, in a file behind a loop device. FS_IOC_SHUTDOWN ends the file
// system without writing its journal: what was not synced is gone, as when the power goes. Needs root.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './processes.ts';

export interface FileSystem {
  megabytes: number;
  make: readonly string[];
  mount: string;
}

/** `ext4-strict`: without the help that ext4 gives to programs that rename without syncing. */
export const fileSystems = {
  ext4: { megabytes: 64, make: ['mkfs.ext4', '-q', '-F', '-m', '0'], mount: 'loop,noatime' },
  'ext4-strict': { megabytes: 64, make: ['mkfs.ext4', '-q', '-F', '-m', '0'], mount: 'loop,noatime,noauto_da_alloc' },
  // nouuid: copies of one image are mounted side by side.
  xfs: { megabytes: 300, make: ['mkfs.xfs', '-q'], mount: 'loop,noatime,nouuid' },
} as const satisfies Record<string, FileSystem>;
export type FileSystemName = keyof typeof fileSystems;

/** FS_IOC_SHUTDOWN with FS_SHUTDOWN_FLAGS_NOLOGFLUSH, from linux/fs.h. Perl is part of every Debian. */
const shutDown = `
sub cut {
  open(my $folder, "<", $ARGV[0]) or die "no file system: $!";
  my $flags = pack("I", 2);
  defined ioctl($folder, 0x8004587d, $flags) or die "FS_IOC_SHUTDOWN: $!";
  print "cut\\n";
}`;

/** After so many milliseconds. It ends everything of the process group as well. */
const cutLater = `${shutDown} select(undef, undef, undef, $ARGV[1] / 1000); cut(); kill "KILL", -$ARGV[2];`;
/** The same, and the programs live on with a disk that answers every call with an error. */
const breakLater = `${shutDown} select(undef, undef, undef, $ARGV[1] / 1000); cut();`;
/** As soon as strace writes into the pipe that a program has stopped. Open for writing too, the pipe has no end. */
const cutAtStop = `${shutDown}
open(my $trace, "+<", $ARGV[1]) or die $!; $| = 1; my $done = 0;
while (<$trace>) { if (!$done && /--- SIGSTOP/) { cut(); $done = 1; } }`;

export interface Cutter {
  /** Settles true when the power was cut, false when it was ended before. */
  cut: Promise<boolean>;
  end(): void;
}

/** Cuts the power of the file system at `folder` after `ms`, and ends the process group. */
export function cutAfter(folder: string, ms: number, group: number): Cutter {
  return startCutter(cutLater, [folder, String(ms), String(group)]);
}

/** The disk at `folder` is dead after `ms`. Programs on it go on. */
export function breakAfter(folder: string, ms: number): Cutter {
  return startCutter(breakLater, [folder, String(ms)]);
}

/** Cuts the power when strace says, in the named pipe at `trace`, that the program has stopped. */
export function cutWhenStopped(folder: string, trace: string): Cutter {
  return startCutter(cutAtStop, [folder, trace]);
}

function startCutter(program: string, args: string[]): Cutter {
  const child = spawn('perl', ['-e', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const cut = new Promise<boolean>((resolve) => {
    child.stdout.once('data', () => resolve(true));
    child.once('close', () => resolve(false));
    child.once('error', () => resolve(false));
  });
  return { cut, end: () => void child.kill('SIGKILL') };
}

export interface MountedImage {
  /** The folder of the machine. */
  folder: string;
  /** Takes all room but so many bytes. */
  fill(bytesLeft: number): Promise<void>;
  /** From now on it can only be read. Waits until no file is open for writing. */
  makeReadOnly(): Promise<void>;
  /** As when the power comes back: the file system is taken away and mounted again, its journal is replayed. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Makes an image in `folder` that holds the files of `content`, to be copied for each run. Answers its file. */
export async function makeImage(
  name: FileSystemName,
  folder: string,
  content: string,
  beside: (at: string) => void = () => undefined,
): Promise<string> {
  const { megabytes, make, mount } = fileSystems[name];
  const file = join(folder, `${name}.image`);
  const at = `${file}.mounted`;
  mkdirSync(at, { recursive: true });
  await runProgram(['truncate', '-s', `${megabytes}M`, file]);
  await runProgram([...make, file]);
  await runProgram(['mount', '-o', mount, file, at]);
  try {
    cpSync(content, join(at, 'machine'), { recursive: true });
    beside(at);
  } finally {
    await runProgram(['umount', at]);
  }
  return file;
}

/** A copy of an image, mounted below `folder`. */
export async function mountImage(name: FileSystemName, image: string, folder: string): Promise<MountedImage> {
  const { mount } = fileSystems[name];
  const file = join(folder, 'disk.image');
  const at = join(folder, 'disk');
  mkdirSync(at, { recursive: true });
  await runProgram(['cp', '--sparse=always', image, file]);
  await runProgram(['mount', '-o', mount, file, at]);
  return {
    folder: join(at, 'machine'),
    async fill(bytesLeft) {
      const { bavail, bsize } = statfsSync(at);
      await fillWith(join(at, fillerName), bavail * bsize - bytesLeft);
    },
    makeReadOnly: async () => void (await untilItWorks(['mount', '-o', 'remount,ro', at])),
    async restart() {
      await unmount(at);
      await runProgram(['mount', '-o', mount, file, at]);
      rmSync(join(at, fillerName), { force: true });
    },
    async close() {
      await unmount(at);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const fillerName = 'filler';

/** Takes so many bytes, or a little less: a file system may need some of what it calls free for itself. */
async function fillWith(file: string, bytes: number): Promise<void> {
  for (let less = 0; bytes - less > 0; less = less * 2 + 65_536) {
    try {
      await runProgram(['fallocate', '-l', String(bytes - less), file]);
      return;
    } catch (error) {
      if (less > 2 ** 25) throw error;
    }
  }
}

/**
 * Killed programs may hold a file for a moment longer. An image that stays busy is unmounted lazily: it is a scratch
 * image.
 */
async function unmount(at: string): Promise<void> {
  if (!(await untilItWorks(['umount', at]))) await runProgram(['umount', '--lazy', at]);
}

async function untilItWorks(command: readonly string[]): Promise<boolean> {
  for (let attempt = 1; attempt <= 200; attempt++) {
    try {
      await runProgram(command);
      return true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, attempt < 10 ? 5 : 50));
    }
  }
  return false;
}

/** Whether this machine lets us mount images: it takes root, and a kernel with loop devices. Answers why not. */
export async function whyNoImages(name: FileSystemName, folder: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not root: no file system can be mounted';
  const scratch = join(folder, `try-${name}`);
  try {
    mkdirSync(join(scratch, 'content'), { recursive: true });
    const image = await makeImage(name, scratch, join(scratch, 'content'));
    const mounted = await mountImage(name, image, join(scratch, 'mounted'));
    await mounted.close();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
