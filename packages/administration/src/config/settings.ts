// Every setting of the server, once: its type, its default and its sentence. Flags (`--data-dir`), environment
// (`MOULT_DATA_DIR`) and the keys of the TOML file (`data-dir`) are made from the name.
import { defaultStoreBounds } from '@moult/store/bounds';
import { z } from 'zod';
import { accountSettings } from './account-settings.ts';
import { syncSettings } from './sync-settings.ts';
import { tlsSettings } from './tls-settings.ts';
import {
  addressRanges,
  baseUrl,
  choice,
  count,
  hostNames,
  mebibytes,
  optionalPort,
  perSecond,
  port,
  setting,
  text,
  timeZoneName,
} from './values.ts';

export const settings = {
  dataDir: setting(
    'storage',
    text,
    'DIR',
    './moult-data',
    'Folder for everything that the server keeps: database, keys, content, logs',
  ),
  database: setting(
    'storage',
    text.optional(),
    'URL',
    undefined,
    'postgres://… or an SQLite file. Default: DIR/moult.sqlite',
  ),
  databasePool: setting('storage', count(1, 1000), 'N', 10, 'Connections to PostgreSQL at most'),
  databaseConnectSeconds: setting(
    'storage',
    count(1, 300),
    'S',
    10,
    'PostgreSQL: longest time to make a connection, or to wait for a free one',
  ),
  databaseStatementSeconds: setting(
    'storage',
    count(1, 3600),
    'S',
    30,
    'PostgreSQL: longest time of a statement. Then its client gets ServerBusy',
  ),
  databaseIdleSeconds: setting(
    'storage',
    count(1, 86_400),
    'S',
    60,
    'PostgreSQL: close a connection that was unused for this time',
  ),
  contentDir: setting(
    'storage',
    text.optional(),
    'DIR',
    undefined,
    'Folder for update files by digest. Default: DIR/content',
  ),

  host: setting('listening', text.optional(), 'ADDRESS', undefined, 'Address to listen on. Default: all addresses'),
  allowedHosts: setting(
    'listening',
    hostNames.optional(),
    'NAMES',
    undefined,
    'More names under which browsers may open the pages, as a.example,*.example.org. *: any name',
  ),
  homeNames: setting(
    'listening',
    choice(['nobody', 'local', 'everybody']),
    'nobody|local|everybody',
    'local',
    'Viewers of names, addresses and ids on the home page. local: on this machine',
  ),
  metrics: setting(
    'listening',
    choice(['nobody', 'local', 'everybody']),
    'nobody|local|everybody',
    'local',
    'Readers of /metrics (Prometheus). local: on this machine',
  ),
  trustedProxies: setting(
    'listening',
    addressRanges.optional(),
    'RANGES',
    undefined,
    'Reverse proxies that name the client (Forwarded, X-Forwarded-*), as 127.0.0.1,10.0.0.0/8',
  ),
  publicUrl: setting(
    'listening',
    baseUrl('https://name or https://name:port, without a path', false).optional(),
    'URL',
    undefined,
    'Address of this server for all clients, as https://updates.example.org:8531',
  ),
  contentUrl: setting(
    'listening',
    baseUrl('https://name, with a port or a path if need be', true).optional(),
    'URL',
    undefined,
    'Address of update files, if that is another one. Clients fetch Content/... below it',
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
    'Port for old agents, which look for the self-update tree there. 0: any free port',
  ),
  ...tlsSettings,

  targeting: setting(
    'updates',
    choice(['server', 'client']),
    'server|client',
    'server',
    'The groups of a computer come from this server, or from the policy of the computer',
  ),
  unapproved: setting(
    'updates',
    choice(['report', 'hide']),
    'report|hide',
    'report',
    'Unapproved updates: clients report on them, as with WSUS, or do not get them',
  ),
  timeZone: setting(
    'updates',
    timeZoneName,
    'ZONE',
    'UTC',
    'Time zone of computers whose group has none of its own: for times of day in rules',
  ),
  firstCatalog: setting(
    'updates',
    choice(['empty', 'samples']),
    'empty|samples',
    'empty',
    'Catalog of a new server. samples: for a lab, not approved',
  ),
  agentReleaseDir: setting(
    'updates',
    text.optional(),
    'DIR',
    undefined,
    'Folder with built agent releases for the self-update tree',
  ),
  agentBrand: setting(
    'updates',
    text.optional(),
    'FILE',
    undefined,
    'JSON file with the names of the agent of a vendor (docs/install-agent.md)',
  ),
  newAgentReleases: setting(
    'updates',
    z
      .union([z.literal('at-once'), z.literal('by-command'), count(0, 3650)])
      .describe('at-once, by-command, or a whole number of days from 0 to 3650'),
    'at-once|by-command|DAYS',
    'by-command',
    'When agents get a release that an upgrade brings. by-command: moult tree offer',
  ),
  ...syncSettings,
  consoleDir: setting('updates', text.optional(), 'DIR', undefined, 'Folder with the built files of the console'),

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
    'Updates in one GetExtendedUpdateInfo call. Clients get this number',
  ),
  maxEventsPerBatch: setting('limits', count(1, 100_000), 'N', 1000, 'Events in one ReportEventBatch call'),
  maxEventKib: setting(
    'limits',
    count(1, 1024),
    'KIB',
    defaultStoreBounds.eventBytes / 1024,
    'Text to keep of one report event. The server drops the rest',
  ),
  maxNamesPerComputer: setting(
    'limits',
    count(2, 1000),
    'N',
    defaultStoreBounds.namesPerComputer,
    'Names to remember of one computer. The server drops older ones',
  ),
  maxStatesPerComputer: setting(
    'limits',
    count(100, 1_000_000),
    'N',
    defaultStoreBounds.statesPerComputer,
    'Updates with a stored state, for one computer',
  ),
  maxStates: setting(
    'limits',
    count(10_000, 10_000_000_000),
    'N',
    50_000_000,
    'States of updates in the database. Beyond this, computers with the most lose some',
  ),
  targetingRecordsPerDay: setting(
    'limits',
    count(0, 100_000_000),
    'N',
    10_000,
    'Moves by client-side targeting to record a day, of one address. As many at once. 0: no limit',
  ),
  fragmentCacheMib: setting('limits', mebibytes, 'MIB', 128, 'Memory for update metadata that is ready to send'),
  maxCallsInFlight: setting('limits', count(1, 10_000), 'N', 64, 'Web service calls at work at once'),
  maxCallsWaiting: setting(
    'limits',
    count(0, 100_000),
    'N',
    2_000,
    'Web service calls that may wait. More get ServerBusy',
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
    'Longest time until a request has arrived completely',
  ),
  idleTimeoutSeconds: setting('limits', count(1, 3600), 'S', 65, 'Close a connection without traffic after this time'),
  cookieMinutes: setting('limits', count(1, 1440), 'MIN', 60, 'Life of a client cookie (WSUS: 60)'),
  maxComputers: setting(
    'limits',
    count(1, 100_000_000),
    'N',
    250_000,
    'Computers in the database. Beyond this, new ones get ServerBusy',
  ),
  strangerDays: setting(
    'limits',
    count(0, 36_500),
    'DAYS',
    7,
    'Remove computers that did not synchronise and did not return, after this time. 0: keep them',
  ),
  silentComputerDays: setting(
    'limits',
    count(0, 36_500),
    'DAYS',
    0,
    'Remove computers without contact for this time. 0: keep them, as with WSUS',
  ),
  maxEvents: setting(
    'limits',
    count(1000, 10_000_000_000),
    'N',
    20_000_000,
    'Report events in the database. Beyond this, the oldest routine ones go first',
  ),
  maxEventMib: setting('limits', mebibytes, 'MIB', 8192, 'The same, by their size in the database'),
  maxEventsPerComputer: setting(
    'limits',
    count(10, 1_000_000),
    'N',
    10_000,
    'Report events of one computer. Beyond this, its oldest ones go first',
  ),
  maxPings: setting(
    'limits',
    count(1000, 10_000_000_000),
    'N',
    2_000_000,
    'Status pings in the database. Beyond this, the oldest ones go first',
  ),
  newComputersPerSecond: setting(
    'limits',
    perSecond,
    'N',
    100,
    'New computers from one address (IPv6: one /64). 60 times as many at once. 0: no limit',
  ),
  newNamesPerSecond: setting(
    'limits',
    perSecond,
    'N',
    20,
    'New names or groups of known computers, from one address. 60 times as many at once. 0: no limit',
  ),
  pingsPerSecond: setting(
    'limits',
    perSecond,
    'N',
    200,
    'Status pings to keep from one address. 60 times as many at once. 0: no limit',
  ),
  reportKibPerSecond: setting(
    'limits',
    perSecond,
    'KIB',
    2048,
    'Report events from one address, in KiB of requests. 60 times as many at once. 0: no limit',
  ),
  refusalLinesPerSecond: setting(
    'limits',
    perSecond,
    'N',
    5,
    'Lines in the structured log about refused requests of one address. 60 times as many at once. 0: no limit',
  ),
  accessLogKibPerSecond: setting(
    'limits',
    perSecond,
    'KIB',
    512,
    'Access log about requests of one address. 60 times as many at once. 0: no limit',
  ),
  eventDays: setting('limits', count(1, 36_500), 'DAYS', 90, 'Time to keep report events and status pings'),
  routineEventDays: setting(
    'limits',
    count(1, 36_500),
    'DAYS',
    14,
    'Time to keep routine events: scans, downloads, status reports',
  ),

  diskReserveMib: setting(
    'limits',
    z.union([z.literal('auto'), count(0, 1_048_576)]).describe('a whole number from 0 to 1048576, or auto'),
    'MIB|auto',
    'auto',
    'Space to leave free on the disk. Below it, clients add nothing and logs pause. auto: 1 % of the disk, at most 200 MiB',
  ),
  logDays: setting('limits', count(1, 36_500), 'DAYS', 30, 'Time to keep files of the structured log'),
  logMib: setting('limits', mebibytes, 'MIB', 64, 'Files of the structured log together, at most a tenth of the disk'),
  accessLogDays: setting('limits', count(1, 36_500), 'DAYS', 30, 'Time to keep access logs'),
  accessLogMib: setting(
    'limits',
    mebibytes,
    'MIB',
    1024,
    'Access logs of all ports together, at most a tenth of the disk',
  ),

  logLevel: setting(
    'running',
    choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'LEVEL',
    'info',
    'Level of the structured log',
  ),
  logStdout: setting(
    'running',
    choice(['on', 'off']),
    'on|off',
    'off',
    'Also write the structured log to standard output, as containers need it',
  ),
  stopSeconds: setting('running', count(0, 600), 'S', 10, 'Time that a stop gives to requests in flight'),

  ...accountSettings,
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
