// Settles a backup or a restore that was killed. Each start and each command does so first, and says so.
import { settleRestore } from './pending-restore.ts';
import { settleBackup } from './unfinished-backup.ts';

interface Settled {
  /** The result, in sentences. */
  said: string[];
  /** Another process restores at this moment: its data directory is not to be used. */
  isRestoring: boolean;
}

/** Finishes or removes what was cut off. Throws what the file system says, and SERVER_DATABASE. */
export async function settleInterrupted(dataDir: string, database: string, now: Date): Promise<Settled> {
  const restored = await settleRestore(dataDir, database, now);
  const backup = settleBackup(dataDir);
  const said = [restored?.sentence, backup].filter((sentence) => sentence !== undefined);
  return { said, isRestoring: restored?.kind === 'running' };
}
