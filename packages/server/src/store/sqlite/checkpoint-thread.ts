// The thread of checkpoints.ts. First what can be copied while others write; then, with the writer held off for as long
// as the little that was written meanwhile takes, the rest, so that the log begins anew instead of growing.
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const everyMs = 500;
const worthCopyingBytes = 4 * 1024 * 1024;

const file = workerData as string;
const connection = new DatabaseSync(file, { timeout: 100 });
connection.exec('pragma synchronous = normal');

const timer = setInterval(() => {
  const { size } = statSync(`${file}-wal`);
  if (size < worthCopyingBytes) return;
  connection.exec('pragma wal_checkpoint(passive)');
  connection.exec('pragma wal_checkpoint(truncate)');
}, everyMs);

parentPort?.once('message', () => {
  clearInterval(timer);
  connection.close();
});
