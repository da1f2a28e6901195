// A file that is made beside its place and then put there: whole or not at all.
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { inDiskWords } from '../repository/folder-lock.ts';

let drafts = 0;

/**
 * Puts in the place of `target` what `make` writes to the draft that it is given. `make` may also use a file or folder
 * `DRAFT-data`. A kill or a full disk leaves what was there before. A kill also leaves drafts `target.new-PID-N…`, which the next
 * run removes. Throws what `make` throws, and RELEASE_REPOSITORY_UNWRITABLE.
 */
export async function replaceWhole<T>(target: string, make: (draft: string) => Promise<T>): Promise<T> {
  await removeLeftovers(target);
  // Somebody else may write the same file now.
  drafts += 1;
  const draft = `${target}.new-${process.pid}-${drafts}`;
  try {
    const made = await make(draft);
    await rename(draft, target);
    return made;
  } catch (error) {
    throw inDiskWords(`The bundle ${target} cannot be written`, error);
  } finally {
    for (const left of [draft, `${draft}-data`]) await rm(left, { recursive: true, force: true });
  }
}

/** Drafts of processes that are gone. */
async function removeLeftovers(target: string): Promise<void> {
  const begin = `${basename(target)}.new-`;
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const pid = name.startsWith(begin) ? Number.parseInt(name.slice(begin.length), 10) : Number.NaN;
    if (pid > 0 && pid !== process.pid && !isAlive(pid))
      await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
