// Which server a command works on: the same options everywhere, and the same answer. See the door in
// @moult/administration. Here are its words for the command line.
import {
  type Administration,
  AdministrationError,
  administer as administerServer,
  type DoorParts,
  type FoundServer,
  findServer as findAnyServer,
  readConfigFile as readAnyConfigFile,
  requireDatabase as requireAnyDatabase,
  requireServer as requireAnyServer,
  type ServerFlags,
} from '@moult/administration';
import type { Log } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import type { ServerOptions } from './server-flags.ts';
import { UsageError } from './terminal.ts';

export type { FoundServer };

/** Opens the server that is meant, does `work`, closes it. Throws UsageError and AdministrationError. */
export function administer<Result>(
  flags: ServerOptions,
  work: (administration: Administration) => Promise<Result>,
): Promise<Result> {
  return inOurWords(() => administerServer(serverFlags(flags), doorParts(), work));
}

/** Does `work` with the log of the server, in its data directory. */
export async function withLog<Result>(
  { server }: Administration,
  work: (log: Log) => Promise<Result>,
): Promise<Result> {
  // The server's own package is large, and few commands write a log.
  const { openLog } = await import('@moult/server/log');
  const { dataDir, config } = server;
  const { log, close } = openLog({ dataDir, level: config.logLevel, toStdout: false });
  try {
    return await work(log);
  } finally {
    close();
  }
}

/** The places of the server. Its data directory is there. Throws as administer does. */
export function requireServer(flags: ServerOptions): FoundServer {
  return inOurWordsNow(() => requireAnyServer(serverFlags(flags), doorParts()));
}

/** Throws, in our words, when the database is not there. PostgreSQL is asked when it is opened. */
export function requireDatabase(server: FoundServer): void {
  inOurWordsNow(() => requireAnyDatabase(server));
}

/** As requireServer, and nothing need be there. `mayBeNew`: for those who make a server where none is named. */
export function findServer(
  flags: ServerFlags,
  options: { mayBeNew?: boolean; databaseOnly?: boolean } = {},
): FoundServer {
  return inOurWordsNow(() => findAnyServer(flags, doorParts(), options));
}

/** The result of `read` on the configuration file, if it is there. Throws UsageError and AdministrationError. */
export function readConfigFile<Result>(
  given: string | undefined,
  read: (file: { name: string; text: string } | undefined) => Result,
): Result {
  return inOurWordsNow(() => read(readAnyConfigFile(given, doorParts())));
}

export function doorParts(): DoorParts {
  return {
    environment: process.env,
    now: () => new Date(),
    say: (sentence) => console.error(sentence),
  };
}

/** Other options of a command are not settings of the server. */
export function serverFlags({ dataDir, database, config }: ServerOptions): ServerFlags {
  return { dataDir, database, config };
}

async function inOurWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw withAdvice(error);
  }
}

function inOurWordsNow<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw withAdvice(error);
  }
}

/** Adds which command or option helps. */
export function withAdvice(error: unknown): unknown {
  if (error instanceof ServerError && error.code === 'SERVER_BAD_CONFIG')
    return new UsageError(error.message, { cause: error });
  if (!(error instanceof AdministrationError)) return error;
  const advice = adviceOn(error);
  if (advice === undefined) return error;
  return new AdministrationError(error.code, `${error.message} ${advice}`, { subject: error.subject, cause: error });
}

function adviceOn(error: AdministrationError): string | undefined {
  const { code, subject } = error;
  if (code === 'ADMINISTRATION_NO_SERVER')
    return 'Name its data directory with --data-dir, or its configuration file with --config.';
  if (code === 'ADMINISTRATION_LICENSE_TERMS') return 'Add --accept-license when you do.';
  if (code === 'ADMINISTRATION_DEADLINE' && /is over/.test(error.message))
    return 'Add --allow-past-deadline when that is meant.';
  return code === 'SERVER_NOT_FOUND' && subject !== undefined ? `"moult ${subject}s list" lists them.` : undefined;
}
