// Detection by a program's exit code, for vendors on Linux and macOS. No shell, an absolute path, a short time.

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { factBounds } from '../bounds.ts';

/** null: the program is missing. undefined: it could not be run, was too slow, or anybody could have put it there. */
export function commandExit(program: string, args: readonly string[]): number | null | undefined {
  if (!isAbsolute(program)) return undefined;
  const found = statSync(program, { throwIfNoEntry: false });
  if (!found?.isFile()) return null;
  // The agent runs as root: a program that others may write is not asked.
  const writableByOthers = 0o022;
  if ((found.mode & writableByOthers) !== 0) return undefined;
  const { error, status } = spawnSync(program, args, { timeout: factBounds.maxCommandMs, stdio: 'ignore' });
  return error ? undefined : (status ?? undefined);
}
