// The files that downloads of updates leave on the disk: how much of it may be, and how it gives way to the agent's own
// updates.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { UpdateFile } from '@moult/catalog';
import { transportBounds } from '../../bounds.ts';
import type { MachineRoot } from '../../machine/machine-root.ts';

/**
 * Files of updates are called by their SHA-1, in hexadecimal digits. Unfinished ones, and what is known of them, so:
 */
const partialName = /^[0-9a-f]{40}\.partial(\.json)?$/;
const wholeName = /^[0-9a-f]{40}$/;

export function nameOf(file: Pick<UpdateFile, 'sha1'>): string {
  return Buffer.from(file.sha1, 'base64').toString('hex');
}

/** Removes downloads, finished or not, that none of `needed` is: they were installed, or will never be. */
export function dropUnneeded({ downloadFolder }: MachineRoot, needed: readonly UpdateFile[]): void {
  const kept = new Set(needed.map(nameOf));
  for (const name of namesIn(downloadFolder)) {
    const isOurs = partialName.test(name) || wholeName.test(name) || name.endsWith('.partial');
    if (isOurs && !kept.has(name.slice(0, 40))) rmSync(join(downloadFolder, name), { force: true, recursive: true });
  }
}

/**
 * Removes the oldest unfinished downloads until the others, without `except`, are few, and have at most `mostBytes`
 * together.
 */
export function boundPartials({ downloadFolder }: MachineRoot, mostBytes: number, except: string): void {
  const partials = namesIn(downloadFolder)
    .filter((name) => name.endsWith('.partial') && !name.startsWith(except))
    .flatMap((name) => {
      const stats = lstatSync(join(downloadFolder, name), { throwIfNoEntry: false });
      return stats ? [{ name, bytes: stats.size, changedMs: stats.mtimeMs }] : [];
    })
    .sort((a, b) => b.changedMs - a.changedMs);
  let sum = 0;
  for (const [place, { name, bytes }] of partials.entries()) {
    sum += bytes;
    if (sum <= mostBytes && place < transportBounds.maxPartialFiles) continue;
    rmSync(join(downloadFolder, name), { force: true, recursive: true });
    rmSync(join(downloadFolder, `${name}.json`), { force: true });
  }
}

/** All downloads of updates go, finished or not. Answers whether there were any. */
export function giveUpDownloads({ downloadFolder }: MachineRoot): boolean {
  if (namesIn(downloadFolder).length === 0) return false;
  rmSync(downloadFolder, { recursive: true, force: true });
  return true;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
