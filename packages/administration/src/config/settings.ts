// Every setting of the server, once: its type, its default and its sentence. Flags (`--data-dir`), environment
// (`MOULT_DATA_DIR`) and the keys of the TOML file (`data-dir`) are made from the name.
import { defaultStoreBounds } from '@moult/store/bounds';
import { z } from 'zod';

/** A whole number, as the file has it or as flags and variables spell it. `describe` is what it may be, in words. */
const count = (min: number, max: number, what = 'a whole number') =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .pipe(z.number().int().min(min).max(max))
    .describe(`${what} from ${min} to ${max}`);
const port = count(0, 65_535, 'a port');
const optionalPort = z.union([z.literal('off'), port]).describe('a port from 0 to 65535, or off');
const choice = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values).describe(`one of ${values.join(', ')}`);
const text = z.string().min(1).describe('some text');
const hostNames = z
  .string()
  .regex(/^[\w.*-]+(\s*,\s*[\w.*-]+)*$/)
  .describe('names with commas between them, without ports');
const mebibytes = count(1, 1_048_576);
const perSecond = count(0, 1_000_000);

interface Setting<Schema extends z.ZodType> {
  schema: Schema;
  /** What stands behind the flag in the help: `DIR`, `PORT|off`. */
  placeholder: string;
  description: string;
  fallback: z.input<Schema> | undefined;
  group: 'listening' | 'storage' | 'updates' | 'limits' | 'running';
}

function setting<Schema extends z.ZodType>(
  group: Setting<Schema>['group'],
  schema: Schema,
  placeholder: string,
  fallback: z.input<Schema> | undefined,
  description: string,
): Setting<Schema> {
  return { group, schema, placeholder, fallback, description };
}

export const settings = {
  dataDir: setting(
    'storage',
    text,
    'DIR',
    './moult-data',
    'Everything the server keeps: database, keys, content, logs',
  ),
  database: setting(
    'storage',
    text.optional(),
    'URL',
    undefined,
    'postgres://… or an SQLite file; default: DIR/moult.sqlite',
  ),
  databasePool: setting('storage', count(1, 1000), 'N', 10, 'Connections to PostgreSQL at most'),
  databaseConnectSeconds: setting(
    'storage',
    count(1, 300),
    'S',
    10,
    'PostgreSQL: a connection must be made, or become free, within this time',
  ),
  databaseStatementSeconds: setting(
    'storage',
    count(1, 3600),
    'S',
    30,
    'PostgreSQL: a statement that takes longer is stopped, and its client told ServerBusy',
  ),
  databaseIdleSeconds: setting(
    'storage',
    count(1, 86_400),
    'S',
    60,
    'PostgreSQL: a connection that nobody used for so long is closed',
  ),
  contentDir: setting('storage', text.optional(), 'DIR', undefined, 'Update files by digest; default: DIR/content'),

  host: setting('listening', text.optional(), 'ADDRESS', undefined, 'Address to listen on; default: all of them'),
  allowedHosts: setting(
    'listening',
    hostNames.optional(),
    'NAMES',
    undefined,
    'More names under which browsers may open the pages, as a.example,*.example.org; * for any',
  ),
  homeNames: setting(
    'listening',
    choice(['nobody', 'local', 'everybody']),
    'WHO',
    'local',
    'Who sees names, addresses and ids of computers on the home page: nobody, local (this machine), everybody',
  ),
  port: setting(
    'listening',
    port,
    'PORT',
    8530,
    'Main site: web services, content, console, self-update tree. 0: any free port',
  ),
  selfUpdatePort: setting(
    'listening',
    optionalPort,
    'PORT|off',
    80,
    'Where old agents look for the self-update tree. 0: any free port',
  ),
  tlsPort: setting('listening', optionalPort, 'PORT|off', 'off', 'The main site again over HTTPS; real WSUS uses 8531'),
  tlsCert: setting('listening', text.optional(), 'FILE', undefined, 'Certificate chain (PEM) for --tls-port'),
  tlsKey: setting('listening', text.optional(), 'FILE', undefined, 'Private key (PEM) for --tls-port'),

  targeting: setting(
    'updates',
    choice(['server', 'client']),
    'server|client',
    'server',
    'Who says which groups a computer is in: this server, or the policy on the computer',
  ),
  unapproved: setting(
    'updates',
    choice(['report', 'hide']),
    'report|hide',
    'report',
    'Updates that nobody approved: clients report on them, as with WSUS, or never see them',
  ),
  firstCatalog: setting(
    'updates',
    choice(['samples', 'empty']),
    'samples|empty',
    'samples',
    'What a new server starts with',
  ),
  agentReleaseDir: setting(
    'updates',
    text.optional(),
    'DIR',
    undefined,
    'Built agent releases that go into the self-update tree',
  ),
  consoleDir: setting('updates', text.optional(), 'DIR', undefined, 'Built files of the console'),

  maxRequestMib: setting('limits', mebibytes, 'MIB', 4, 'Largest request body'),
  maxAnswerMib: setting('limits', mebibytes, 'MIB', 16, 'Update metadata in one SyncUpdates answer (WSUS: 5)'),
  maxUpdatesPerSync: setting(
    'limits',
    count(1, 100_000),
    'N',
    500,
    'New updates in one SyncUpdates answer (WSUS: 30 to 200)',
  ),
  maxInstalledIds: setting(
    'limits',
    count(1, 1_000_000),
    'N',
    10_000,
    'InstalledNonLeafUpdateIDs in one SyncUpdates call (WSUS: 400)',
  ),
  maxExtendedUpdates: setting(
    'limits',
    count(1, 10_000),
    'N',
    50,
    'Updates in one GetExtendedUpdateInfo call; clients are told',
  ),
  maxEventsPerBatch: setting('limits', count(1, 100_000), 'N', 1000, 'Events in one ReportEventBatch call'),
  maxEventKib: setting(
    'limits',
    count(1, 1024),
    'KIB',
    defaultStoreBounds.eventBytes / 1024,
    'Text that is kept of one report event; the rest is left out',
  ),
  maxNamesPerComputer: setting(
    'limits',
    count(2, 1000),
    'N',
    defaultStoreBounds.namesPerComputer,
    'Names that are remembered of one computer; older ones are forgotten',
  ),
  maxStatesPerComputer: setting(
    'limits',
    count(100, 1_000_000),
    'N',
    defaultStoreBounds.statesPerComputer,
    'Updates of which the state on one computer is kept',
  ),
  maxStates: setting(
    'limits',
    count(10_000, 10_000_000_000),
    'N',
    50_000_000,
    'States of updates in the database; beyond this the computers with the most have fewer',
  ),
  targetingRecordsPerDay: setting(
    'limits',
    count(0, 100_000_000),
    'N',
    10_000,
    'Moves by client-side targeting that are put on record, of one address; as many at once; 0: no limit',
  ),
  fragmentCacheMib: setting('limits', mebibytes, 'MIB', 128, 'Memory for update metadata that is ready to send'),
  maxCallsInFlight: setting('limits', count(1, 10_000), 'N', 64, 'Web service calls worked on at once'),
  maxCallsWaiting: setting(
    'limits',
    count(0, 100_000),
    'N',
    2_000,
    'Web service calls that may wait; more are told ServerBusy',
  ),
  requestMemoryMib: setting('limits', mebibytes, 'MIB', 128, 'Memory for request bodies, of all clients together'),
  answerMemoryMib: setting('limits', mebibytes, 'MIB', 256, 'Memory for answers that clients have not taken yet'),
  maxConnections: setting('limits', count(1, 1_000_000), 'N', 20_000, 'Open connections per port'),
  maxConnectionsPerAddress: setting(
    'limits',
    count(1, 1_000_000),
    'N',
    15_000,
    'Open connections of one address (IPv6: one /64) per port',
  ),
  requestTimeoutSeconds: setting(
    'limits',
    count(1, 3600),
    'S',
    60,
    'A request must have arrived completely within this time',
  ),
  idleTimeoutSeconds: setting('limits', count(1, 3600), 'S', 65, 'A connection on which nothing happens is closed'),
  cookieMinutes: setting('limits', count(1, 1440), 'MIN', 60, 'Life of a client cookie (WSUS: 60)'),
  maxComputers: setting(
    'limits',
    count(1, 100_000_000),
    'N',
    250_000,
    'Computers in the database; when there are as many, new ones are told ServerBusy',
  ),
  strangerDays: setting(
    'limits',
    count(0, 36_500),
    'DAYS',
    7,
    'Computers that never synchronised and never came back are removed after this time; 0: never',
  ),
  silentComputerDays: setting(
    'limits',
    count(0, 36_500),
    'DAYS',
    0,
    'Computers that had no contact for this time are removed; 0: never, as with WSUS',
  ),
  maxEvents: setting(
    'limits',
    count(1000, 10_000_000_000),
    'N',
    20_000_000,
    'Report events in the database; beyond this the oldest routine ones go first',
  ),
  maxEventMib: setting('limits', mebibytes, 'MIB', 8192, 'The same, by their size in the database'),
  maxEventsPerComputer: setting(
    'limits',
    count(10, 1_000_000),
    'N',
    10_000,
    'Report events of one computer; beyond this its oldest ones go first',
  ),
  maxPings: setting(
    'limits',
    count(1000, 10_000_000_000),
    'N',
    2_000_000,
    'Status pings in the database; beyond this the oldest ones go first',
  ),
  newComputersPerSecond: setting(
    'limits',
    perSecond,
    'N',
    100,
    'Computers that are new here, from one address (IPv6: one /64); 60 times as many at once; 0: no limit',
  ),
  newNamesPerSecond: setting(
    'limits',
    perSecond,
    'N',
    20,
    'New names or groups of known computers, from one address; 60 times as many at once; 0: no limit',
  ),
  pingsPerSecond: setting(
    'limits',
    perSecond,
    'N',
    200,
    'Status pings from one address that are kept; 60 times as many at once; 0: no limit',
  ),
  reportKibPerSecond: setting(
    'limits',
    perSecond,
    'KIB',
    2048,
    'Report events from one address, in KiB of requests; 60 times as many at once; 0: no limit',
  ),
  refusalLinesPerSecond: setting(
    'limits',
    perSecond,
    'N',
    5,
    'Lines in the structured log about refused requests of one address; 60 times as many at once; 0: no limit',
  ),
  accessLogKibPerSecond: setting(
    'limits',
    perSecond,
    'KIB',
    512,
    'Access log about requests of one address; 60 times as many at once; 0: no limit',
  ),
  eventDays: setting('limits', count(1, 36_500), 'DAYS', 90, 'How long report events and status pings are kept'),
  routineEventDays: setting(
    'limits',
    count(1, 36_500),
    'DAYS',
    14,
    'How long those are kept that only say that a client is at work: scans, downloads, status reports',
  ),

  diskReserveMib: setting(
    'limits',
    z.union([z.literal('auto'), count(0, 1_048_576)]).describe('a whole number from 0 to 1048576, or auto'),
    'MIB|auto',
    'auto',
    'Space to leave free on the disk; below it clients add nothing and logs pause. auto: 1 % of the disk, at most 200 MiB',
  ),
  logDays: setting('limits', count(1, 36_500), 'DAYS', 30, 'How long files of the structured log are kept'),
  logMib: setting(
    'limits',
    mebibytes,
    'MIB',
    64,
    'Files of the structured log together; never more than a tenth of the disk',
  ),
  accessLogDays: setting('limits', count(1, 36_500), 'DAYS', 30, 'How long access logs are kept'),
  accessLogMib: setting(
    'limits',
    mebibytes,
    'MIB',
    1024,
    'Access logs of all ports together; never more than a tenth of the disk',
  ),

  logLevel: setting(
    'running',
    choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'LEVEL',
    'info',
    'What goes into the structured log',
  ),
  logStdout: setting(
    'running',
    choice(['on', 'off']),
    'on|off',
    'off',
    'The structured log on standard output too, as containers want it',
  ),
  stopSeconds: setting('running', count(0, 600), 'S', 10, 'How long a stop waits for requests in flight'),
} as const;

type Settings = typeof settings;
export type SettingName = keyof Settings;
export type ServerConfig = { [K in SettingName]: z.output<Settings[K]['schema']> };

export const settingNames = Object.keys(settings) as SettingName[];

/** `dataDir` → `data-dir`: the flag without its dashes, and the key in the file. */
export function keyOf(name: SettingName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `dataDir` → `MOULT_DATA_DIR`. */
export function variableOf(name: SettingName): string {
  return `MOULT_${keyOf(name).replaceAll('-', '_').toUpperCase()}`;
}
