// Changes several key files as one, even if the process is killed. The new files are complete in DIR/keys/next first.
// Then a list of them makes the change final, and the next process finishes it. The files before stay beside the new
// ones.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readOwnFile } from '@moult/disk';
import { makePrivateFolder, writePrivateFile } from '../data-dir/private-files.ts';

/** File name → its new content. Null: it is taken away. */
type KeyChange = ReadonlyMap<string, string | Uint8Array | null>;

interface Listed {
  /** The names of the copies of the files before. */
  stamp: string;
  files: { name: string; removed: boolean }[];
}

const listName = 'change.json';

/** Puts the change in place. Files that are replaced or taken away stay as `NAME.replaced-STAMP`, 0600. */
export function switchKeyFiles(folder: string, wanted: KeyChange, now: Date): void {
  const change = [...wanted].filter(([name, content]) => !isSo(join(folder, name), content));
  if (change.length === 0) return;
  const next = join(folder, 'next');
  rmSync(next, { recursive: true, force: true });
  makePrivateFolder(next);
  for (const [name, content] of change) if (content !== null) writePrivateFile(join(next, name), content);
  syncFolder(next);
  const files = change.map(([name, content]) => ({ name, removed: content === null }));
  writePrivateFile(join(next, listName), JSON.stringify({ stamp: stampOf(now), files } satisfies Listed));
  finishKeySwitch(folder);
}

/**
 * Finishes a change that was made final, or removes one that was not. Answers their name, or undefined without one.
 * Call it before the keys are read.
 */
export function finishKeySwitch(folder: string): 'finished' | 'removed' | undefined {
  const next = join(folder, 'next');
  if (!existsSync(next)) return undefined;
  const list = readList(join(next, listName));
  for (const { name, removed } of list?.files ?? []) {
    const waiting = join(next, name);
    // Renamed already, by whoever was killed after it.
    if (!removed && !existsSync(waiting)) continue;
    keepCopy(join(folder, name), list?.stamp ?? '');
    if (removed) rmSync(join(folder, name), { force: true });
    else renameSync(waiting, join(folder, name));
  }
  syncFolder(folder);
  rmSync(next, { recursive: true, force: true });
  return list ? 'finished' : 'removed';
}

function isSo(file: string, content: string | Uint8Array | null): boolean {
  const present = readOwnFile(file);
  if (!present) return content === null;
  return content !== null && present.equals(Buffer.from(content));
}

/** The copies that earlier changes left, by the file that they are of. */
export function replacedName(name: string, stamp: string, count = 1): string {
  return `${name}.replaced-${stamp}${count > 1 ? `-${count}` : ''}`;
}

function keepCopy(file: string, stamp: string): void {
  const content = readOwnFile(file);
  if (!content) return;
  for (let count = 1; ; count++) {
    const copy = join(file, '..', replacedName(basename(file), stamp, count));
    // A change that is finished by another process made the copy already.
    if (readOwnFile(copy)?.equals(content)) return;
    if (existsSync(copy)) continue;
    writePrivateFile(copy, content);
    return;
  }
}

function readList(file: string): Listed | undefined {
  try {
    const { stamp, files } = JSON.parse(String(readOwnFile(file))) as Listed;
    const isOurs = files.every(({ name }) => name === basename(name) && name !== '..') && /^[\dTZ]+$/.test(stamp);
    return isOurs ? { stamp, files } : undefined;
  } catch {
    return undefined;
  }
}

/** `20261201T120000Z`: how copies of what was replaced are called. */
export function stampOf(now: Date): string {
  return now.toISOString().replaceAll(/\.\d+|[^\dTZ]/g, '');
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
