// The server's database: its settings, and the notice to the administrator while it is away.
import { join } from 'node:path';
import type { ServerConfig } from '@moult/administration/config';
import type { Notice, PoolLimits } from '@moult/store';
import { openServerStore, type ServerStore } from '@moult/store';
import { isTemporary } from '@moult/store/errors';
import type { Logger } from './log/log.ts';

interface ServerDatabase {
  store: ServerStore;
  /** Throws what does not pass by itself. A database that is away does not hinder a start. */
  prepareFirst(): Promise<void>;
  /** Throws SERVER_DATABASE_AWAY and what else keeps the store from being used. */
  prepare(): Promise<void>;
  /** Calls fail with this reason until the store is prepared. */
  hold(reason: string): void;
  abandon(): void;
  notices(): Notice[];
}

export function openServerDatabase(
  config: ServerConfig,
  { now, log, refuseEmpty }: { now: () => Date; log: Logger; refuseEmpty?: (() => Error) | undefined },
): ServerDatabase {
  const store = openServerStore(config.database ?? join(config.dataDir, 'moult.sqlite'), {
    now,
    refuseEmpty,
    copy: config.upgradeCopy === 'on' ? copyParts(config, log) : undefined,
    limits: limitsOf(config),
    bounds: {
      namesPerComputer: config.maxNamesPerComputer,
      statesPerComputer: config.maxStatesPerComputer,
      eventBytes: config.maxEventKib * 1024,
    },
    onAway: (reason) => log.warn({ reason }, 'the database is away: clients are told ServerBusy'),
    onBack: (awayMs) => log.info({ awayMs: Math.round(awayMs) }, 'the database is back'),
    onTrouble: (message) => log.warn(message),
  });
  store.hold('it is not open yet');
  let failedFirst: unknown;
  return {
    store,
    hold: store.hold,
    abandon: store.abandon,
    async prepareFirst() {
      await store.prepare().catch((error) => {
        if (!isTemporary(error)) throw error;
        failedFirst = error;
      });
    },
    async prepare() {
      const failed = failedFirst;
      failedFirst = undefined;
      // The server waits twice for a host that says nothing.
      if (failed) throw failed;
      await store.prepare();
    },
    notices() {
      const away = store.away();
      return away ? [awayNotice(away.reason, away.since)] : [];
    },
  };
}

function copyParts({ dataDir }: ServerConfig, log: Logger) {
  return {
    folder: join(dataDir, 'before-upgrade'),
    made: (file: string) => log.info({ file }, 'the database was copied before its tables change'),
  };
}

function limitsOf(config: ServerConfig): Partial<PoolLimits> {
  const connectMs = config.databaseConnectSeconds * 1000;
  return {
    most: config.databasePool,
    connectMs,
    acquireMs: connectMs,
    statementMs: config.databaseStatementSeconds * 1000,
    idleMs: config.databaseIdleSeconds * 1000,
  };
}

function awayNotice(reason: string, since: Date): Notice {
  return {
    isForAll: true,
    headline: `The database does not answer since ${since.toISOString()}.`,
    cause: `The reason: ${reason.replace(/\.$/, '')}.`,
    remedy:
      'Check that the database runs and that this machine reaches it. Clients are told ServerBusy and ask again. The numbers on the home page are from before. Moult connects again by itself.',
  };
}
