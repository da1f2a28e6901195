// Group commit. SQLite writes a commit into the write-ahead log without waiting for the disk (synchronous = normal).
// The code that acknowledges the commit waits here. One fdatasync in the thread pool serves all commits that were
// written before it began. The event loop goes on meanwhile. With synchronous = full each commit stops the whole
// process.
import { type FileHandle, open } from 'node:fs/promises';
import { ServerError } from '../errors.ts';
import { rewriteWal, WalLost } from './wal-repair.ts';

interface WalSync {
  /** Resolves when everything that was committed before this call is on disk. Rejects when the disk refuses. */
  durable(): Promise<void>;
  /**
   * After a refusal of the disk: tries to make durable what was written, at most once in `restMs`. Called while nothing
   * is written on this connection. Never throws.
   */
  recover(): void;
  /** Throws while what was written before is not known to be on disk: nothing may be written on top of it. */
  admit(): void;
  /** The written data is lost and cannot be had again without a restart. */
  readonly isLost: boolean;
  close(): Promise<void>;
}

export interface WalSyncParts {
  openLog?: (path: string) => Promise<Pick<FileHandle, 'datasync' | 'close'>>;
  rewrite?: (file: string) => void;
  /** Milliseconds between two tries to recover. */
  restMs?: number;
}

/** For the database `file`, which is open in WAL mode. */
export function createWalSync(file: string, parts: WalSyncParts = {}): WalSync {
  const { openLog = (path) => open(path, 'r+'), rewrite = rewriteWal, restMs = 1000 } = parts;
  let log: ReturnType<typeof openLog> | undefined;
  let failure: unknown;
  let triedAt = Number.NEGATIVE_INFINITY;
  let isLost = false;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const sync = async () => {
    // After one failure the kernel may call the lost pages clean: nothing later may be believed before recover().
    if (failure) throw failure;
    try {
      log ??= openLog(`${file}-wal`);
      await (await log).datasync();
    } catch (error) {
      failure ??= error;
    }
    // Also one that failed, and was recovered from, while this one was waiting for the disk.
    if (failure) throw failure;
  };
  const start = () => {
    running = sync().finally(() => {
      running = undefined;
    });
    return running;
  };
  const recover = () => {
    if (!failure || isLost || running || performance.now() - triedAt < restMs) return;
    triedAt = performance.now();
    try {
      rewrite(file);
      const old = log;
      log = undefined;
      failure = undefined;
      old?.then((handle) => handle.close()).catch(() => undefined);
    } catch (error) {
      if (error instanceof WalLost) {
        isLost = true;
        failure = lost(error);
      }
    }
  };

  return {
    durable() {
      if (!running) return start();
      // The one that runs may have begun before our commit.
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return start();
        });
      return next;
    },
    recover,
    admit() {
      if (failure) throw failure;
    },
    get isLost() {
      return isLost;
    },
    async close() {
      await (next ?? running)?.catch(() => undefined);
      await (await log?.catch(() => undefined))?.close();
    },
  };
}

function lost(cause: WalLost): ServerError {
  return new ServerError(
    'SERVER_DISK_FULL',
    `The disk lost writes that it had taken; none of them was acknowledged. ${cause.message} Restart the server: it goes on from the last write that is whole.`,
    { cause },
  );
}
