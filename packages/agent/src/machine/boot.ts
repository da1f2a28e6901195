// The facts of the machine for a decision about a restart: which start of it this is, who is logged on, and the restart
// itself.
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { win32 } from 'node:path';
import { isMissing } from '@moult/disk';
import { keys } from './keys.ts';
import type { MachineRoot } from './machine-root.ts';
import { string } from './policy.ts';
import type { RegistryView } from './registry.ts';

export interface Machinery {
  /** Differs from one start of the machine to the next. Throws what the system says when it does not tell. */
  boot(): string;
  /** How many people are logged on. 1 if it cannot be counted. */
  countUsers(): Promise<number>;
  /** Undefined: done or under way. Else why this machine is not restarted. */
  restart(registry: RegistryView, why: string): string | undefined;
}

const askMs = 10_000;

/**
 * Of the real machine. One that is only played in a folder (`--root`) restarts nothing, unless RestartCommand says how.
 */
export function machinery(root: MachineRoot, isReal: boolean, platform = process.platform): Machinery {
  return {
    boot: () => bootId(platform),
    countUsers: () => countUsers(platform === 'win32' ? [ofSystem(root, 'quser.exe')] : ['who']),
    restart(registry, why) {
      const command = restartCommand(registry) ?? (isReal ? systemRestart(root, platform, why) : undefined);
      if (!command)
        return `${root.folder} is a folder, not a whole machine: nothing is restarted. RestartCommand can say how.`;
      const [program = '', ...args] = command;
      const child = spawn(program, args, { detached: true, stdio: 'ignore', windowsHide: true });
      child.on('error', () => undefined);
      child.unref();
      return undefined;
    },
  };
}

/** Linux has an id for each start. Elsewhere it is how long the machine is up. */
function bootId(platform: NodeJS.Platform): string {
  try {
    if (platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch (error) {
    // A container without it. Anything else is not another start of the machine.
    if (!isMissing(error)) throw error;
  }
  return `up ${Math.floor(uptime())}`;
}

/** Whether the machine was started again since `before` was noted. */
export function isOtherBoot(before: string, now: string): boolean {
  const [was, is] = [before, now].map((one) => /^up (\d+)$/.exec(one)?.[1]);
  if (was === undefined || is === undefined) return before !== '' && before !== now;
  // It is up for a shorter time than it was then.
  return Number(is) < Number(was);
}

async function countUsers([program = '']: string[]): Promise<number> {
  return new Promise((resolve) => {
    execFile(program, [], { timeout: askMs, windowsHide: true }, (error, stdout) => {
      const lines = stdout.split(/\r?\n/).filter((line) => line.trim() !== '').length;
      // quser writes a heading, and ends with 1 if no user is logged on.
      if (program.endsWith('quser.exe')) resolve(error ? (error.code === 1 ? 0 : 1) : Math.max(0, lines - 1));
      else resolve(error ? 1 : lines);
    });
  });
}

/** By its whole path: Windows looks for a bare name in the folder that a program happens to be in. */
function ofSystem({ windows }: MachineRoot, name: string): string {
  return win32.join(windows, 'System32', name);
}

/** The command that the machine's administrator set. */
function restartCommand(registry: RegistryView): string[] | undefined {
  return string(registry, keys.agent, 'RestartCommand')
    ?.split(' ')
    .filter((word) => word !== '');
}

function systemRestart(root: MachineRoot, platform: NodeJS.Platform, why: string): string[] {
  const words = `Updates were installed. This computer restarts in a minute (${why}).`;
  return platform === 'win32'
    ? [ofSystem(root, 'shutdown.exe'), '/r', '/t', '60', '/d', 'p:2:17', '/c', words]
    : ['shutdown', '-r', '+1', words];
}
