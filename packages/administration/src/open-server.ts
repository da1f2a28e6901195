// The one door to a server: it finds the server that is meant, its parts and its store. Every command uses it. A flag
// wins over the environment, the environment over the configuration file, and the file over the default places. Only
// the start of a server and a restore make something where nothing is.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DiskError, readOutside } from '@moult/disk';
import { isPostgres, openStore, type Store, sqliteFileOf, withoutPassword } from '@moult/store';
import { isRestorePending, settleInterrupted } from '@moult/store/backup';
import {
  hadDatabase,
  keepAuditHead,
  type RunningSettings,
  readLockHolder,
  requireDatabaseFile,
} from '@moult/store/data-dir';
import { type LoadedConfig, loadConfig, type SettingName } from './config/index.ts';
import { AdministrationError } from './errors.ts';
import { isThere, lookAt } from './is-there.ts';
import { type DefaultPlaces, defaultPlaces } from './places/index.ts';
import { administrator } from './system-user.ts';

/** The flags that name a server, as typed. Further settings may be beside it. */
export type ServerFlags = Partial<Record<SettingName, unknown>> & { config?: string | undefined };

export interface DoorParts {
  environment: Readonly<Record<string, string | undefined>>;
  now(): Date;
  places?: DefaultPlaces;
  /** Told, in sentences, what was left by a backup or restore that was killed, and is settled now. */
  say?(sentence: string): void;
}

/** A server, running or not, and where its parts are. */
export interface FoundServer extends LoadedConfig {
  /** The configuration file that was read. */
  configFile: string | undefined;
  dataDir: string;
  /** The address of its database: postgres://…, or an SQLite file. */
  database: string;
  contentDir: string;
  /** Of requireServer: the settings of the server that runs there, or was killed. */
  running?: RunningSettings;
}

/** The author of a change, and the time. */
interface Author {
  name: string;
  at: Date;
}

/** An open server: what the rules work on. */
export interface Administration {
  store: Store;
  server: FoundServer;
  author: Author;
}

/**
 * The places of the server. It need not be there. `mayBeNew`: for those who make one where nothing is named. An SQLite
 * file that is named alone is in its data directory. `databaseOnly`: for those who look at nothing but the database,
 * wherever it is. Throws AdministrationError ADMINISTRATION_NO_SERVER without a place, ADMINISTRATION_UNREADABLE for
 * the configuration file, and ADMINISTRATION_NOT_ALLOWED if this user may not look. Throws ServerError
 * SERVER_BAD_CONFIG for a setting.
 */
export function findServer(
  { config: named, ...flags }: ServerFlags,
  { environment, places = defaultPlaces }: Pick<DoorParts, 'environment' | 'places'>,
  { mayBeNew = false, databaseOnly = false } = {},
): FoundServer {
  const file = readConfigFile(named, { environment, places });
  const loaded = loadConfig({ flags, environment, file });
  const isNamed = loaded.origins.dataDir !== 'default';
  const place = existing(places.dataDir) ?? (mayBeNew ? places.newDataDir : folderOf(loaded.config.database));
  const dataDir = isNamed ? loaded.config.dataDir : (place ?? (databaseOnly ? places.newDataDir : none()));
  const config = { ...loaded.config, dataDir };
  return {
    ...{ config, origins: loaded.origins, configFile: file?.name, dataDir },
    database: config.database ?? join(dataDir, 'moult.sqlite'),
    contentDir: config.contentDir ?? join(dataDir, 'content'),
  };

  function none(): never {
    const near = isThere(places.newDataDir) ? ` There is one in ${places.newDataDir}.` : '';
    const looked = places.dataDir === undefined ? '' : `, and there is none in ${places.dataDir}`;
    throw new AdministrationError('ADMINISTRATION_NO_SERVER', `No server is named${looked}.${near}`);
  }
}

/**
 * The configuration file that is meant, and its text: the one that is named, that of MOULT_CONFIG, or the one in its
 * default place. Undefined without one. Throws AdministrationError ADMINISTRATION_UNREADABLE.
 */
export function readConfigFile(
  named: string | undefined,
  { environment, places = defaultPlaces }: Pick<DoorParts, 'environment' | 'places'>,
): { name: string; text: string } | undefined {
  const name = named ?? (environment.MOULT_CONFIG || existing(places.configFile));
  return name === undefined ? undefined : { name, text: readConfig(name) };
}

/**
 * As findServer, of one whose data directory is there. Throws ADMINISTRATION_NO_SERVER too when it is not, and what
 * requireDatabase throws when a database is what names the server.
 */
export function requireServer(flags: ServerFlags, parts: Pick<DoorParts, 'environment' | 'places'>): FoundServer {
  const server = findServer(flags, parts);
  if (!lookAt(server.dataDir)?.isDirectory()) {
    throw new AdministrationError('ADMINISTRATION_NO_SERVER', `There is no server in ${server.dataDir}.`);
  }
  if (isNamedByDatabase(server) && !isRestorePending(server.dataDir)) requireDatabase(server);
  return asItRuns(server);
}

/** A folder says nothing then: any folder could be that of a mistyped file. */
function isNamedByDatabase({ origins, config, dataDir }: FoundServer): boolean {
  return origins.database === 'flag' || (origins.dataDir === 'default' && folderOf(config.database) === dataDir);
}

/** A server that runs wrote down where its parts are: that counts if it is not said here. */
function asItRuns(server: FoundServer): FoundServer {
  const { origins } = server;
  const running = readLockHolder(server.dataDir)?.settings;
  if (!running) return server;
  const isSame = withoutPassword(server.database) === running.database;
  return {
    ...server,
    contentDir: origins.contentDir === 'default' ? running.contentDir : server.contentDir,
    database: origins.database === 'default' && !isSame ? running.database : server.database,
    running,
  };
}

/** Throws ADMINISTRATION_NO_SERVER when its SQLite file is not there. PostgreSQL is asked when it is opened. */
export function requireDatabase({ database, dataDir, config, origins }: FoundServer): void {
  if (isPostgres(database) || isThere(sqliteFileOf(database))) return;
  // One that was typed is mistyped, and not lost.
  if (origins.database !== 'flag' && hadDatabase(dataDir)) requireDatabaseFile(dataDir, database);
  throw new AdministrationError(
    'ADMINISTRATION_NO_SERVER',
    config.database === undefined
      ? `There is no server in ${dataDir}.`
      : `There is no database ${withoutPassword(database)}.`,
  );
}

/**
 * Opens the server that is meant, does `work`, closes it. A running one sees each change within a tenth of a second.
 * The rest of a killed backup or restore is settled first. Throws what requireServer and requireDatabase throw, and
 * ServerError for a database that cannot be used.
 */
export async function administer<Result>(
  flags: ServerFlags,
  parts: DoorParts,
  work: (administration: Administration) => Promise<Result>,
): Promise<Result> {
  const server = requireServer(flags, parts);
  const { dataDir, database } = server;
  if (!isRestorePending(dataDir)) requireDatabase(server);
  keepFilesPrivate(dataDir);
  await settle(server, parts);
  requireDatabase(server);
  const store = await openStore(database, { now: parts.now, ifEmpty: 'refuse' });
  const auditHead = keepAuditHead({ store, dataDir, now: parts.now });
  try {
    return await work({ store, server, author: authorOf(parts) });
  } finally {
    await auditHead.close();
    await store.close();
  }
}

/** Finishes or removes what a killed backup or restore left, and says so. */
async function settle({ dataDir, database }: FoundServer, { now, say }: DoorParts): Promise<void> {
  const { said } = await settleInterrupted(dataDir, database, now());
  for (const sentence of said) say?.(sentence);
}

/** The person at this machine, for the record of a change. */
export function authorOf({ now }: Pick<DoorParts, 'now'>): Author {
  return { name: administrator(), at: now() };
}

/**
 * From here on this process makes files for their owner only: those of a data directory. Root on a server of another
 * user leaves its files readable, behind the directory's own mode: that user has to read them.
 */
export function keepFilesPrivate(dataDir: string): void {
  const isForeign = process.geteuid?.() === 0 && statSync(dataDir, { throwIfNoEntry: false })?.uid !== 0;
  if (!isForeign || !isThere(dataDir)) process.umask(0o077);
}

/** Of an SQLite file. PostgreSQL says nothing of where the rest is. */
function folderOf(database: string | undefined): string | undefined {
  return database === undefined || isPostgres(database) ? undefined : dirname(sqliteFileOf(database));
}

function existing(path: string | undefined): string | undefined {
  return path !== undefined && isThere(path) ? path : undefined;
}

function readConfig(file: string): string {
  try {
    return readOutside(file).toString('utf8');
  } catch (cause) {
    if (!(cause instanceof DiskError)) throw cause;
    throw new AdministrationError('ADMINISTRATION_UNREADABLE', cause.message, { cause });
  }
}
