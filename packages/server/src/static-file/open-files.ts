// Open files, kept for a moment: a client that fetches 200 ranges of one file should cost one open, not 200.
import { type FileHandle, open } from 'node:fs/promises';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly lastModified: Date;
  /** Gives the file back; the handle must not be used afterwards. */
  release(): void;
}

export interface OpenFiles {
  /** Opens a regular file for reading. Rejects as `fs.open` does (ENOENT …), with EISDIR for a folder. */
  acquire(path: string): Promise<OpenFile>;
  /** Forgets a file that was changed or moved, so that the next `acquire` opens it anew. */
  forget(path: string): void;
  close(): Promise<void>;
}

interface Entry {
  path: string;
  handle: FileHandle;
  sizeBytes: number;
  lastModified: Date;
  openedAt: number;
  users: number;
  forgotten: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * `maxIdle` files stay open for at most `idleMs` after their last use, and each is opened anew after `maxAgeMs`, in use
 * or not: a damaged file that another process set aside must not be served for as long as clients keep asking.
 */
export function createOpenFiles({ maxIdle = 64, idleMs = 2000, maxAgeMs = 5000 } = {}): OpenFiles {
  const entries = new Map<string, Promise<Entry>>();
  const idle = new Set<Entry>();
  const closing = new Set<Promise<void>>();

  const shut = (entry: Entry): void => {
    clearTimeout(entry.idleTimer);
    idle.delete(entry);
    const closed: Promise<void> = entry.handle.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const forget = (path: string): void => {
    const known = entries.get(path);
    entries.delete(path);
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
    entry.idleTimer = setTimeout(() => forget(entry.path), idleMs).unref();
    const [oldest] = idle;
    if (idle.size > maxIdle && oldest) forget(oldest.path);
  };

  return {
    async acquire(path) {
      let pending = entries.get(path);
      if (!pending) {
        pending = openEntry(path);
        entries.set(path, pending);
        pending.catch(() => entries.delete(path));
      }
      const entry = await pending;
      // Forgotten and shut between our asking and now: ask again.
      if (entry.forgotten && entry.users === 0) return this.acquire(path);
      if (performance.now() - entry.openedAt > maxAgeMs) {
        if (entries.get(path) === pending) forget(path);
        return this.acquire(path);
      }
      entry.users++;
      idle.delete(entry);
      clearTimeout(entry.idleTimer);
      return { ...entry, release: once(() => giveBack(entry)) };
    },
    forget,
    async close() {
      for (const path of entries.keys()) forget(path);
      await new Promise(setImmediate);
      await Promise.all(closing);
    },
  };
}

async function openEntry(path: string): Promise<Entry> {
  const handle = await open(path, 'r');
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: 'EISDIR' });
    const { size: sizeBytes, mtime: lastModified } = stat;
    const openedAt = performance.now();
    return { path, handle, sizeBytes, lastModified, openedAt, users: 0, forgotten: false, idleTimer: undefined };
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
