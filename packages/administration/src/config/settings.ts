import * as z from 'zod';
import { accountSettings } from './account-settings.ts';
import { acmeSettings } from './acme-settings.ts';
import { backupSettings } from './backup-settings.ts';
import { forwardSettings } from './forward-settings.ts';
import { limitSettings } from './limit-settings.ts';
import { mailSettings } from './mail-settings.ts';
import { oidcSettings } from './oidc-settings.ts';
import { syncSettings } from './sync-settings.ts';
import { tlsSettings } from './tls-settings.ts';
import {
  addressRanges,
  baseUrl,
  choice,
  count,
  hostNames,
  optionalPort,
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
  ...backupSettings,

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
  ...acmeSettings,

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

  ...limitSettings,

  logLevel: setting(
    'running',
    choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'LEVEL',
    'info',
    'Level of the structured log',
  ),
  ...forwardSettings,
  ...mailSettings,
  logStdout: setting(
    'running',
    choice(['on', 'off']),
    'on|off',
    'off',
    'Also write the structured log to standard output, as containers need it',
  ),
  stopSeconds: setting('running', count(0, 600), 'S', 10, 'Time that a stop gives to requests in flight'),

  ...accountSettings,
  ...oidcSettings,
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
