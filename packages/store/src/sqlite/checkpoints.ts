// Checkpoints copy the write-ahead log into the database file and wait for the disk twice. Under load a thread of its own
// does that, so that no request waits. A process that writes little lets SQLite do it, every 8,192 pages.
import { once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { threadProgram } from '@moult/disk';

interface Checkpoints {
  /** Called after each durable commit. */
  noteCommit(): void;
  close(): Promise<void>;
}

/** So many commits make a process a busy one, and then the next checkpoint: some 30 MB of log. */
const commitsBetween = 500;
/** A thread that ended by itself (it could not open the file) is started again after so many. */
const commitsBeforeAnother = 10 * commitsBetween;
/** Only with the thread gone can the log grow so far: then SQLite helps itself again. */
const pagesWithThread = 65_536;
/** Some 32 MB of log: the pages that every batch of an import writes again are copied once for many batches. */
const pagesWithout = 8192;

export function createCheckpoints(file: string, connection: DatabaseSync): Checkpoints {
  connection.exec(`pragma wal_autocheckpoint = ${pagesWithout}`);
  let commits = 0;
  let thread: Worker | undefined;

  const start = () => {
    const started = new Worker(threadProgram('packages/store/src/sqlite/checkpoint-thread.ts'), { workerData: file });
    started.unref();
    started.on('error', () => connection.exec(`pragma wal_autocheckpoint = ${pagesWithout}`));
    started.once('exit', () => {
      thread = undefined;
      commits = Math.min(commits, commitsBetween - commitsBeforeAnother);
    });
    connection.exec(`pragma wal_autocheckpoint = ${pagesWithThread}`);
    return started;
  };

  return {
    noteCommit() {
      if (++commits < commitsBetween) return;
      commits = 0;
      thread ??= start();
      thread.postMessage('checkpoint');
    },
    async close() {
      commits = Number.NEGATIVE_INFINITY;
      if (!thread) return;
      const ended = once(thread, 'exit');
      thread.ref();
      thread.postMessage('close');
      await ended;
    },
  };
}
