// The backups of a server, for commands, the API and the server itself.
import { type BackupHealth, healthOf, nextBackupAt } from './health.ts';
import { listKept } from './kept-backups.ts';
import { type BackupState, readBackupState } from './state.ts';

export interface ShownBackups extends Omit<BackupState, 'ownerId'> {
  health: BackupHealth;
  /** ISO 8601. */
  nextAt: string | undefined;
  /** Names, the newest first. */
  kept: string[];
}

/** It only reads. A folder that cannot be read has none. */
export function showBackups(dataDir: string, now: Date): ShownBackups {
  const { ownerId: _, ...state } = readBackupState(dataDir);
  return {
    ...state,
    health: healthOf(state, now),
    nextAt: nextBackupAt(state, now)?.toISOString(),
    kept: keptOf(state),
  };
}

function keptOf({ plan }: Pick<BackupState, 'plan'>): string[] {
  try {
    return plan ? listKept(plan.folder) : [];
  } catch {
    return [];
  }
}
