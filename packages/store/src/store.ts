// Opens the store, and makes it of its parts. contract/index.ts says what each method promises.

import { accountStore } from './accounts/accounts.ts';
import { answerStore } from './accounts/answers.ts';
import { requestStore } from './accounts/requests.ts';
import { sessionStore } from './accounts/sessions.ts';
import { tokenStore } from './accounts/tokens.ts';
import { auditStore } from './audit.ts';
import type { StoreBounds } from './bounds.ts';
import { bulkDecisions } from './bulk-decisions.ts';
import { type Changes, createChanges } from './changes.ts';
import { computerAgeingStore } from './computer-ageing.ts';
import { computerHistoryStore } from './computer-history.ts';
import { computerListStore } from './computer-list.ts';
import { computerRemovalStore } from './computer-removal.ts';
import { computerStore } from './computers.ts';
import { configurationStore } from './configuration.ts';
import { contentFileStore } from './content-files.ts';
import type { Store } from './contract/index.ts';
import { copyBefore } from './copy-before.ts';
import { counterStore } from './counters.ts';
import { asDamaged } from './damaged.ts';
import {
  createDatabase,
  type Database,
  type DatabaseOptions,
  isPostgres,
  openDatabase,
  sqliteFileOf,
  withoutPassword,
} from './database.ts';
import { decisionFactStore } from './decision-facts.ts';
import { defaultStoreBounds } from './declared-bounds.ts';
import { deploymentStore } from './deployments.ts';
import { downstreamComputerStore } from './downstream-computers.ts';
import { downstreamServerStore } from './downstream-servers.ts';
import { ServerError } from './errors.ts';
import { eventBlockStore } from './event-blocks.ts';
import { eventBoundsStore } from './event-bounds.ts';
import { eventRetentionStore } from './event-retention.ts';
import { expiredUpdateStore } from './expired-updates.ts';
import { figureStore } from './figures.ts';
import { fileKeyStore } from './file-keys.ts';
import { fleetFigureStore } from './fleet/fleet-figures.ts';
import { groupDayStore } from './fleet/group-days.ts';
import { groupStore } from './groups.ts';
import { holdStore } from './holds.ts';
import { homeStore } from './home.ts';
import { identityChangeStore } from './identity-changes.ts';
import { computerPages } from './lists/computers.ts';
import { eventPages } from './lists/events.ts';
import { updateFactStore } from './lists/update-facts.ts';
import { updatePages } from './lists/updates.ts';
import { isEmpty, migrate, missingSteps, requireSchema } from './migrate.ts';
import { newestTimeStore } from './newest-time.ts';
import { storeWithin } from './reach/index.ts';
import { registeredSystemStore } from './registered-systems.ts';
import { reportingEventStore } from './reporting-events.ts';
import { revisionListStore } from './revision-list.ts';
import { revisionRemovalStore } from './revision-removal.ts';
import { ringStore } from './rings.ts';
import { roleStore } from './role.ts';
import { rollUpStore } from './roll-up.ts';
import { ruleChangeStore } from './rule-changes.ts';
import { ruleFactStore } from './rule-facts.ts';
import { keptRuleStore } from './rules.ts';
import { selfUpdateEventStore } from './self-update-events.ts';
import { createDatabaseClock } from './stamps.ts';
import { stateBoundsStore } from './state-bounds.ts';
import { statusStore } from './status.ts';
import { syncChoiceStore } from './sync-choices.ts';
import { syncRevisionStore } from './sync-revisions.ts';
import { syncRunStore } from './sync-runs.ts';
import { takeOverStore } from './take-over.ts';
import { timeZoneStore } from './time-zones.ts';
import { together } from './together.ts';
import { updateFigureStore } from './update-figures.ts';
import { updateStore } from './updates.ts';
import { vendorCatalogStore } from './vendor-catalogs.ts';
import { serverVersion } from './version.ts';

export interface StoreOptions {
  now: () => Date;
  bounds?: Partial<StoreBounds>;
  /**
   * For a database without the tables of Moult: makes the newest schema, or throws SERVER_DATABASE_TOO_OLD. Default
   * `make`.
   */
  ifEmpty?: 'make' | 'refuse';
}

/**
 * Opens the database at `address` (see openDatabase) as commands do: a schema that is there is never changed. Throws
 * ServerError SERVER_DATABASE, SERVER_DATABASE_AWAY, SERVER_DATABASE_TOO_NEW or SERVER_DATABASE_TOO_OLD.
 */
export async function openStore(address: string, { now, ifEmpty = 'make', bounds }: StoreOptions): Promise<Store> {
  const database = await openDatabase(address);
  try {
    if ((await requireSchema(database)) === 'empty') {
      if (ifEmpty === 'refuse') throw emptyDatabase(address);
      await migrate(database, now());
    }
    return storeOf(database, now, { ...defaultStoreBounds, ...bounds });
  } catch (error) {
    await database.close();
    throw error;
  }
}

export interface ServerStoreOptions extends Pick<StoreOptions, 'now' | 'bounds'> {
  /** The error to throw for a database without the tables of Moult. By default the tables are made. */
  refuseEmpty?: (() => Error) | undefined;
  /** The folder for a copy of an SQLite file before its tables change. `made` is told its path. PostgreSQL is not copied. */
  copy?: { folder: string; made(file: string): void } | undefined;
}

export interface ServerStore extends Store {
  /**
   * Connects, brings the schema up to date and lets everybody in: before that, and while PostgreSQL is away, every call
   * fails with SERVER_DATABASE_AWAY. May be called again when it failed. Throws as openStore does.
   */
  prepare(): Promise<void>;
  /** Calls fail with this reason, until `prepare` is successful. */
  hold(reason: string): void;
  /** Why the database does not answer, while it does not. */
  away(): { reason: string; since: Date } | undefined;
  /** Waits for no statement that is under way: all fail with SERVER_DATABASE_AWAY. */
  abandon(): void;
}

/**
 * The store of a server, there at once though PostgreSQL may be away: `prepare` opens it. Throws SERVER_DATABASE for an
 * SQLite file that cannot be opened, SERVER_BAD_CONFIG for a malformed address.
 */
export function openServerStore(
  address: string,
  { now, bounds, refuseEmpty, copy, ...options }: DatabaseOptions & ServerStoreOptions,
): ServerStore {
  const database = createDatabase(address, options);
  // A connection of its own: to rearrange large tables takes longer than a statement of the service may.
  const migrating = isPostgres(address)
    ? createDatabase(address, { limits: { ...options.limits, most: 1, statementMs: 0 } })
    : database;
  let isPrepared = false;
  const prepare = async () => {
    if (isPrepared) return;
    await migrating.connect();
    try {
      if (refuseEmpty && (await isEmpty(migrating))) throw refuseEmpty();
      const [step] = copy && !isPostgres(address) ? await missingSteps(migrating) : [];
      if (copy && step !== undefined) copy.made(await copyBefore(sqliteFileOf(address), copy.folder, step));
      await migrate(migrating, now());
    } catch (error) {
      throw asDamaged(sqliteFileOf(address), error);
    }
    await database.connect();
    isPrepared = true;
    if (migrating !== database) await migrating.close();
  };
  const close = async () => {
    if (migrating !== database) await migrating.close();
    await database.close();
  };
  return {
    ...storeOf(database, now, { ...defaultStoreBounds, ...bounds }),
    prepare,
    hold: database.hold,
    away: database.away,
    abandon() {
      migrating.abandon();
      database.abandon();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function emptyDatabase(address: string): ServerError {
  return new ServerError(
    'SERVER_DATABASE_TOO_OLD',
    `The database ${withoutPassword(address)} holds no Moult yet. Check --database, or start its server once ` +
      `(moult serve ${serverVersion}): it makes the tables.`,
  );
}

/** The store on an open database. For tests and tools. Other code opens a store by its address. */
export function storeOf(database: Database, now: () => Date, given: StoreBounds = defaultStoreBounds): Store {
  const bounds = { ...given };
  const changes: Changes = createChanges();
  const counters = counterStore(database);
  const clock = createDatabaseClock(now);
  const identityChanges = identityChangeStore(database);
  const events = eventPages(database);
  const fleet = fleetFigureStore(database);
  const whole: Store = together(
    {
      engine: database.engine,
      subscribe: changes.subscribe,
      within: (groupIds: readonly string[]) => storeWithin(database, whole, groupIds),
      close: () => database.close(),
      [Symbol.asyncDispose]: () => database.close(),
    },
    configurationStore(database, clock),
    computerStore(database, changes, bounds),
    computerHistoryStore(database),
    groupStore(database, changes),
    updateStore(database, changes),
    revisionListStore(database),
    revisionRemovalStore(database, changes),
    deploymentStore(database, changes),
    bulkDecisions(database, changes),
    expiredUpdateStore(database, changes),
    decisionFactStore(database),
    contentFileStore(database, changes),
    reportingEventStore(database, changes, bounds),
    eventRetentionStore(database),
    eventBlockStore(database),
    eventBoundsStore(database),
    stateBoundsStore(database, bounds),
    computerAgeingStore(database, changes),
    newestTimeStore(database),
    computerListStore(database),
    registeredSystemStore(database),
    computerRemovalStore(database, changes),
    identityChanges,
    statusStore(database, now),
    figureStore(database),
    updateFigureStore(database),
    fleet,
    groupDayStore(database, fleet),
    auditStore(database),
    accountStore(database),
    sessionStore(database),
    tokenStore(database),
    answerStore(database),
    requestStore(database),
    counters,
    selfUpdateEventStore(database, changes),
    syncChoiceStore(database),
    syncRunStore(database),
    syncRevisionStore(database, changes),
    fileKeyStore(database),
    computerPages(database),
    updatePages(database),
    updateFactStore(database),
    vendorCatalogStore(database),
    keptRuleStore(database, changes),
    ruleFactStore(database),
    ruleChangeStore(database, changes),
    timeZoneStore(database, changes),
    takeOverStore(database, changes),
    roleStore(database),
    downstreamServerStore(database),
    downstreamComputerStore(database),
    rollUpStore(database),
    holdStore(database, changes),
    ringStore(database, changes),
    events,
    homeStore(database, {
      loadCounters: counters.loadCounters,
      countIdentityChanges: identityChanges.countIdentityChanges,
      countFaults: events.countFaults,
      now,
    }),
  );
  return whole;
}
