// The thread of checkpoints.ts. First what can be copied while others write; then, with the writer held off for as long
// as the little that was written meanwhile takes, the rest, so that the log begins anew instead of growing. Its file keeps
// its size: writing over what is there is what a disk does fastest.
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const connection = new DatabaseSync(workerData as string, { timeout: 100 });
connection.exec('pragma synchronous = normal');

parentPort?.on('message', (message: 'checkpoint' | 'close') => {
  if (message === 'checkpoint') {
    try {
      connection.exec('pragma wal_checkpoint(passive)');
      connection.exec('pragma wal_checkpoint(restart)');
    } catch {
      // A full disk, or a busy one: nothing is lost, the log keeps all of it, and the next checkpoint copies it again.
    }
  } else {
    connection.close();
    parentPort?.close();
  }
});
