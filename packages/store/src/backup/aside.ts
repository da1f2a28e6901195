// A backup in a thread of its own, so that no request of the server waits for it.
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { threadProgram } from '@moult/disk';
import { ServerError } from '../errors.ts';
import type { BackupOptions } from './backup.ts';
import { settleBackup } from './unfinished-backup.ts';

interface MadeBackup {
  rows: number;
  bytes: number;
}

type Answer = { made: MadeBackup } | { error: { code: ServerError['code']; message: string } };

/**
 * As backUp, with the caller's thread free meanwhile. The backup is read again and checked when it is written. `signal` ends it, and
 * leaves nothing behind. Throws as backUp does, and SERVER_BAD_BACKUP when the disk kept something else than it was given.
 */
export async function backUpAside(options: BackupOptions, signal?: AbortSignal): Promise<MadeBackup> {
  signal?.throwIfAborted();
  const thread = new Worker(threadProgram('packages/store/src/backup/backup-thread.ts'), { workerData: options });
  const end = () => void thread.terminate();
  signal?.addEventListener('abort', end);
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', (code) => reject(new Error(`the backup was ended (${code})`)));
    });
    if ('made' in answer) return answer.made;
    throw new ServerError(answer.error.code, answer.error.message);
  } finally {
    signal?.removeEventListener('abort', end);
    if (signal?.aborted) removeRest(options);
  }
}

/** The thread may have ended before it noted its folder. */
function removeRest({ dataDir, target }: BackupOptions): void {
  settleBackup(dataDir);
  const folder = dirname(target);
  for (const name of readdirSync(folder))
    if (name.startsWith(`${basename(target)}.unfinished-`))
      rmSync(join(folder, name), { recursive: true, force: true });
}
