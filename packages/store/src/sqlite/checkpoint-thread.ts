// The thread of checkpoints.ts. It first copies all pages that it can copy while others write. Then it holds the writer
// off for a moment and copies the few pages that came meanwhile. So the log begins again and does not grow. The file of
// the log keeps its size, because a disk overwrites faster than it extends.
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
