// Checkpoints copy the write-ahead log into the database file and wait for the disk twice. Under load a thread of its own
// does that, so that no request waits for it; a process that writes little lets SQLite do it, every thousand pages.
import { once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';

export interface Checkpoints {
  /** Called after each durable commit. */
  noteCommit(): void;
  close(): Promise<void>;
}

/** So many commits make a process a busy one. */
const busyCommits = 200;
/** Only with the thread gone can the log grow so far: then SQLite helps itself again. */
const pagesWithThread = 65_536;
const pagesWithout = 1000;

export function createCheckpoints(file: string, connection: DatabaseSync): Checkpoints {
  let commits = 0;
  let thread: Worker | undefined;
  return {
    noteCommit() {
      if (++commits !== busyCommits) return;
      thread = new Worker(new URL('./checkpoint-thread.ts', import.meta.url), { workerData: file });
      thread.unref();
      thread.on('error', () => connection.exec(`pragma wal_autocheckpoint = ${pagesWithout}`));
      thread.once('exit', () => {
        thread = undefined;
      });
      connection.exec(`pragma wal_autocheckpoint = ${pagesWithThread}`);
    },
    async close() {
      commits = Number.NEGATIVE_INFINITY;
      if (!thread) return;
      const ended = once(thread, 'exit');
      thread.postMessage('close');
      await ended;
    },
  };
}
