// Open files, kept for a moment: a client that fetches 200 ranges of one file should cost one open, not 200.

import type { FileHandle } from 'node:fs/promises';
import { DiskError, openInside } from '@moult/disk';
import { httpBounds } from '../../bounds.ts';

interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly lastModified: Date;
  /** Gives the file back. The handle must not be used afterwards. */
  release(): void;
}

/** A file by its name below a folder that it cannot leave. */
export interface FilePlace {
  folder: string;
  /** `/` between folders. */
  name: string;
}

export interface OpenFiles {
  /** Opens a regular file for reading, as `openInside` does: no link on the way. Rejects as it does (ENOENT …). */
  acquire(place: FilePlace): Promise<OpenFile>;
  /** Forgets a file that was changed or moved, so that the next `acquire` opens it again. */
  forget(place: FilePlace): void;
  close(): Promise<void>;
}

interface Entry {
  key: string;
  handle: FileHandle;
  sizeBytes: number;
  lastModified: Date;
  openedAt: number;
  users: number;
  forgotten: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * `maxIdle` files stay open for at most `idleMs` after their last use. Each is opened again after `maxAgeMs`, in use or
 * not: a damaged file that another process moved away must not be served for as long as clients keep asking.
 */
export function createOpenFiles({
  maxIdle = httpBounds.maxIdleFiles,
  idleMs = httpBounds.idleFileMs,
  maxAgeMs = httpBounds.maxFileAgeMs,
} = {}): OpenFiles {
  const entries = new Map<string, Promise<Entry>>();
  const idle = new Set<Entry>();
  const closing = new Set<Promise<void>>();

  const shut = (entry: Entry): void => {
    clearTimeout(entry.idleTimer);
    idle.delete(entry);
    const closed: Promise<void> = entry.handle.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const forget = (key: string): void => {
    const known = entries.get(key);
    entries.delete(key);
    known?.then(
      (entry) => {
        entry.forgotten = true;
        if (entry.users === 0 && idle.has(entry)) shut(entry);
      },
      () => undefined,
    );
  };
  const giveBack = (entry: Entry): void => {
    entry.users--;
    if (entry.users > 0) return;
    if (entry.forgotten) {
      shut(entry);
      return;
    }
    idle.add(entry);
    entry.idleTimer = setTimeout(() => forget(entry.key), idleMs).unref();
    const [oldest] = idle;
    if (idle.size > maxIdle && oldest) forget(oldest.key);
  };

  return {
    async acquire(place) {
      const key = keyOf(place);
      let pending = entries.get(key);
      if (!pending) {
        pending = openEntry(place);
        entries.set(key, pending);
        pending.catch(() => entries.delete(key));
      }
      const entry = await pending;
      // Forgotten and shut between our asking and now: ask again.
      if (entry.forgotten && entry.users === 0) return this.acquire(place);
      if (performance.now() - entry.openedAt > maxAgeMs) {
        if (entries.get(key) === pending) forget(key);
        return this.acquire(place);
      }
      entry.users++;
      idle.delete(entry);
      clearTimeout(entry.idleTimer);
      return { ...entry, release: once(() => giveBack(entry)) };
    },
    forget: (place) => forget(keyOf(place)),
    async close() {
      for (const key of entries.keys()) forget(key);
      await new Promise(setImmediate);
      await Promise.all(closing);
    },
  };
}

function keyOf({ folder, name }: FilePlace): string {
  return `${folder}\0${name}`;
}

async function openEntry(place: FilePlace): Promise<Entry> {
  const handle = await openInside(place.folder, place.name);
  try {
    const { size: sizeBytes, mtime: lastModified } = await handle.stat();
    const openedAt = performance.now();
    const key = keyOf(place);
    return { key, handle, sizeBytes, lastModified, openedAt, users: 0, forgotten: false, idleTimer: undefined };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}

/** Whether a file cannot be opened because it is gone, or because it is not what is served: a link, a folder. */
export function isNotThere(error: unknown): boolean {
  if (error instanceof DiskError) return true;
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
