// Makes backups by itself, beside the service, and says when one fails or is late.
import { setTimeout as pause } from 'node:timers/promises';
import {
  type BackupHealth,
  type BackupState,
  failureOf,
  healthOf,
  isDue,
  makeBackup,
  notePlan,
  readBackupState,
} from '@moult/administration/backups';
import type { ServerConfig } from '@moult/administration/config';
import type { Notice, Store } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import type { Logger } from '../log/log.ts';

interface Parts {
  store: Pick<Store, 'recordChange'>;
  /** The address of the database. */
  database: string;
  now(): Date;
  /** Milliseconds by the monotonic clock. */
  elapsed?(): number;
  log: Pick<Logger, 'info' | 'warn'>;
  /** Told when the notices may have changed. */
  changed(): void;
  /** Milliseconds between two looks at the clock. 0: only when `look` is called. */
  everyMs?: number;
}

/** For metrics and messages. */
export interface BackupFacts {
  health: BackupHealth;
  lastAt: string | undefined;
  failure: BackupState['failure'];
}

interface BackupSchedule {
  /** Makes a backup if one is due. Answers whether it made one. */
  look(): Promise<boolean>;
  facts(): BackupFacts;
  notices(): Notice[];
  /** Ends a backup that is under way, and removes its rest. */
  close(): Promise<void>;
}

export function scheduleBackups(config: ServerConfig, parts: Parts): BackupSchedule {
  const { dataDir } = config;
  const { store, database, now, log, elapsed = () => performance.now(), everyMs = 60_000 } = parts;
  const ending = new AbortController();
  /** On a full disk nothing else remembers it. */
  let failed: BackupState['failure'];
  let failedAtMs: number | undefined;
  let madeAtMs: number | undefined;
  let said: BackupHealth = 'waiting';
  let looking: Promise<boolean> | undefined;
  note();

  function note(): void {
    try {
      notePlan(dataDir, config, now());
    } catch (error) {
      log.warn({ err: error }, 'the plan of backups cannot be written: it is tried again with the next backup');
    }
  }

  const stateNow = (): BackupState => {
    const state = readBackupState(dataDir);
    return { ...state, failure: state.failure ?? failed };
  };

  const since = (atMs: number | undefined) => (atMs === undefined ? undefined : elapsed() - atMs);

  const attempt = async (): Promise<boolean> => {
    const author = { name: 'backup schedule', at: now() };
    try {
      const { folder, ...report } = await makeBackup(
        { store, author, server: { config, dataDir, database } },
        ending.signal,
      );
      [failed, failedAtMs, madeAtMs] = [undefined, undefined, elapsed()];
      log.info({ folder, ...report }, 'a backup was made');
      return true;
    } catch (error) {
      failedAtMs = elapsed();
      if (ending.signal.aborted || (error instanceof ServerError && error.code === 'SERVER_IN_USE')) return false;
      failed = failureOf(error, author.at, failed);
      log.warn({ err: error, times: failed.count }, 'the backup failed and is tried again later');
      return false;
    }
  };

  /** A record once for each change to the bad, and not for each try. */
  const tell = async (): Promise<void> => {
    const state = stateNow();
    const health = healthOf(state, now());
    if (health === said) return;
    const action = health === 'failed' ? 'back up: failed' : health === 'late' ? 'back up: late' : undefined;
    parts.changed();
    if (action) {
      const after = { message: state.failure?.message, lastBackup: state.last?.at };
      await store.recordChange(
        { name: 'backup schedule', at: now() },
        { action, subject: state.plan?.folder ?? '', after },
      );
    }
    said = health;
  };

  const work = async (): Promise<boolean> => {
    if (config.backupDir === undefined) return false;
    if (!readBackupState(dataDir).plan) note();
    const facts = { now: now(), sinceOwnMs: since(madeAtMs), sinceFailedMs: since(failedAtMs) };
    const made = isDue({ state: readBackupState(dataDir), ...facts }) && (await attempt());
    await tell().catch((error) => log.warn({ err: error }, 'the state of the backups could not be recorded'));
    return made;
  };

  const look = (): Promise<boolean> => {
    looking ??= work().finally(() => (looking = undefined));
    return looking;
  };

  const keepLooking = async () => {
    while (!ending.signal.aborted) {
      await pause(everyMs, undefined, { signal: ending.signal, ref: false }).catch(() => undefined);
      if (!ending.signal.aborted) await look();
    }
  };
  const running = everyMs > 0 && config.backupDir !== undefined ? keepLooking() : Promise.resolve();

  return {
    look,
    facts() {
      const state = stateNow();
      return { health: healthOf(state, now()), lastAt: state.last?.at, failure: state.failure };
    },
    notices() {
      const state = stateNow();
      return noticesOf(state, healthOf(state, now()));
    },
    async close() {
      ending.abort();
      await Promise.all([running, looking]);
    },
  };
}

function noticesOf({ plan, last, failure }: BackupState, health: BackupHealth): Notice[] {
  const before = last ? `The last backup is of ${last.at}.` : 'There is no backup yet.';
  if (health === 'failed' && failure)
    return [
      {
        headline: `The backup of this server fails since ${failure.since}.`,
        cause: `${failure.message} ${before}`,
        remedy: 'Remove the cause, and run "moult backup" on the server. Moult tries again every 15 minutes.',
      },
    ];
  if (health === 'late')
    return [
      {
        headline: 'The backup of this server is late.',
        cause: `${before} One is to be made every ${plan?.everyHours} hours.`,
        remedy: 'Run "moult backup" on the server, and look for the reason in moult.log.',
      },
    ];
  return [];
}
