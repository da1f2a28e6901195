// Runs the programs of the system that look after services.
import { spawnSync } from 'node:child_process';
import { programBounds } from '../bounds.ts';

interface Ran {
  /** Undefined: the program does not exist, or it did not end in time. */
  code: number | undefined;
  out: string;
  err: string;
}

/** Runs a program to its end. */
export type RunProgram = (program: string, args: readonly string[]) => Ran;

/** Runs programs of this system. */
export const runProgram: RunProgram = (program, args) => {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], {
    encoding: 'utf8',
    timeout: programBounds.serviceCommandMs,
    windowsHide: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { code: status ?? undefined, out: stdout ?? '', err: (stderr ?? '') || (error?.message ?? '') };
};

/** Why a program failed, in one line. Undefined if it did not. */
export function failureOf(program: string, args: readonly string[], { code, out, err }: Ran): string | undefined {
  if (code === 0) return undefined;
  const words = (err.trim() || out.trim()).split('\n')[0] ?? '';
  return `${[program, ...args].join(' ')}: ${words === '' ? `exit code ${code ?? 'none'}` : words}`;
}
