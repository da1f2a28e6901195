// Group commit: SQLite writes a commit into the write-ahead log without waiting for the disk (synchronous = normal), and
// whoever acknowledges waits here. One fdatasync in the thread pool serves everybody who wrote before it began, and the
// event loop goes on meanwhile; synchronous = full would stop the whole process for each single commit.
import { type FileHandle, open } from 'node:fs/promises';

export interface WalSync {
  /** Resolves when everything that was committed before this call is on disk; rejects when the disk refuses. */
  durable(): Promise<void>;
  close(): Promise<void>;
}

/** For the database `file`, which is open in WAL mode. */
export function createWalSync(file: string): WalSync {
  let log: Promise<FileHandle> | undefined;
  let failure: unknown;
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const sync = async () => {
    // After one failure the kernel may call the lost pages clean: nothing later may be believed.
    if (failure) throw failure;
    try {
      log ??= open(`${file}-wal`, 'r+');
      await (await log).datasync();
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  const start = () => {
    running = sync().finally(() => {
      running = undefined;
    });
    return running;
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
    async close() {
      await (next ?? running)?.catch(() => undefined);
      await (await log?.catch(() => undefined))?.close();
    },
  };
}
