// The service host for Windows, a program of its own: packages/agent/src/service/windows/agent-service.c, built by Debian's
// gcc-mingw-w64-x86-64. The same compiler makes the same bytes.
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../packages/agent/src/service/windows/agent-service.c', import.meta.url));
export const serviceHostCompiler = 'x86_64-w64-mingw32-gcc';

const flags = [
  ...['-std=c11', '-Os', '-s', '-Wall', '-Wextra', '-Werror', '-municode', '-mwindows', '-static'],
  ...['-Wl,--no-insert-timestamp', '-Wl,--nxcompat,--dynamicbase,--high-entropy-va'],
];

/** Builds it to `target`. Answers why that failed, '' when all is well. `target` is whole, or not there. */
export function buildServiceHost(target: string): string {
  mkdirSync(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}`;
  // The name of a file in another folder is in no byte of the program.
  const { status, error, stderr } = spawnSync(serviceHostCompiler, [...flags, '-o', draft, source], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (status === 0) {
    renameSync(draft, target);
    return '';
  }
  for (const file of [draft, target]) rmSync(file, { force: true });
  const isMissing = (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
  if (!isMissing) throw new Error(`${serviceHostCompiler} ended with ${status ?? error?.message}: ${stderr}`);
  return `${serviceHostCompiler} is not installed (Debian: apt-get install gcc-mingw-w64-x86-64)`;
}
