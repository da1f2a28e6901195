// Private folders for temporary files. A process that is killed leaves its folder, and the next one of the same name removes it.
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes a folder that only this user may read, for the caller to remove. First removes those of the same `name` and user whose
 * process has ended. With `now`, also those without the number of a process that did not change for an hour. Throws as mkdtemp does.
 */
export function temporaryFolder(name: string, now?: Date): string {
  removeLeftovers(`${name}-`, now);
  return mkdtempSync(join(tmpdir(), `${name}-${process.pid}-`));
}

function removeLeftovers(prefix: string, now: Date | undefined): void {
  for (const entry of readdirSync(tmpdir()).filter((one) => one.startsWith(prefix))) {
    const folder = join(tmpdir(), entry);
    const stats = lstatSync(folder, { throwIfNoEntry: false });
    if (!stats?.isDirectory() || stats.uid !== (process.geteuid?.() ?? stats.uid)) continue;
    const [, pid] = /-(\d+)-[^-]+$/.exec(entry) ?? [];
    const isOld = now !== undefined && now.getTime() - stats.mtimeMs > 3_600_000;
    const isOver = pid === undefined ? isOld : !isRunning(Number(pid));
    if (isOver) rmSync(folder, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
