// The source of settings: flags before environment before the file before the default.

import { withoutPassword } from '@moult/store';
import { ServerError } from '@moult/store/errors';
import { parse, stringify, TomlError } from 'smol-toml';
import { acmeNamesOf } from './acme-settings.ts';
import { fitToMachine, type Machine, thisMachine } from './machine.ts';
import { keyOf, type ServerConfig, type SettingName, settingNames, settings, variableOf } from './settings.ts';
import { tlsPortOf } from './tls-settings.ts';

/** `machine`: a default that was made smaller, because this machine is small. */
type Origin = 'flag' | 'environment' | 'file' | 'machine' | 'default';

export interface LoadedConfig {
  config: ServerConfig;
  origins: Record<SettingName, Origin>;
}

export interface ConfigSources {
  /** By setting name, as given on the command line. Absent ones are undefined. */
  flags: Partial<Record<SettingName, unknown>>;
  environment: Readonly<Record<string, string | undefined>>;
  /** Text of the TOML file and how to call it, when there is one. */
  file?: { name: string; text: string } | undefined;
  /** The machine that defaults are fitted to. Default: this machine. */
  machine?: Machine;
}

/** Throws ServerError SERVER_BAD_CONFIG that names the setting, where it stands and what it may be. */
export function loadConfig({ flags, environment, file, machine = thisMachine() }: ConfigSources): LoadedConfig {
  const fromFile = file ? readFileSettings(file) : {};
  const config: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, Origin>> = {};
  for (const name of settingNames) {
    const found = firstDefined([
      ['flag', flags[name], `--${keyOf(name)}`],
      // An empty variable means "not set": that is what service files can say.
      ['environment', environment[variableOf(name)] || undefined, variableOf(name)],
      ['file', fromFile[name], `${keyOf(name)} in ${file?.name}`],
      ['default', settings[name].fallback, keyOf(name)],
    ]);
    // A test holds the defaults. To check all of them at each start of a command takes a tenth of it.
    config[name] = found.origin === 'default' ? found.value : check(name, found.value, found.place);
    origins[name] = found.origin;
  }
  const fitted = fitToMachine(config as ServerConfig, (name) => origins[name] === 'default', machine);
  for (const name of settingNames) if (fitted[name] !== config[name]) origins[name] = 'machine';
  return { config: together(fitted), origins: origins as Record<SettingName, Origin> };
}

/** The configuration as a TOML file that says where each line came from. Passwords are blotted out. */
export function printConfig({ config, origins }: LoadedConfig): string {
  return settingNames
    .map((name) => {
      const value = config[name];
      const shown = name === 'database' && typeof value === 'string' ? withoutPassword(value) : value;
      const line = shown === undefined ? `# ${keyOf(name)} is not set` : stringify({ [keyOf(name)]: shown }).trim();
      return `${line.padEnd(50)} # ${origins[name]}`;
    })
    .join('\n');
}

type Candidate = [origin: Origin, value: unknown, place: string];

function firstDefined(candidates: Candidate[]): { origin: Origin; value: unknown; place: string } {
  const found = candidates.find(([, value]) => value !== undefined) ?? candidates.at(-1);
  const [origin, value, place] = found ?? ['default', undefined, ''];
  return { origin, value, place };
}

function check(name: SettingName, value: unknown, place: string): unknown {
  const result = settings[name].schema.safeParse(value);
  if (result.success) return result.data;
  const { schema, description } = settings[name];
  throw new ServerError(
    'SERVER_BAD_CONFIG',
    `${place} is ${JSON.stringify(value)}, and must be ${schema.description ?? 'some text'}. It sets: ${description}.`,
  );
}

function readFileSettings({ name, text }: { name: string; text: string }): Partial<Record<SettingName, unknown>> {
  const found: Partial<Record<SettingName, unknown>> = {};
  const byKey = new Map(settingNames.map((setting) => [keyOf(setting), setting]));
  for (const [key, value] of Object.entries(readToml(name, text))) {
    if (key === limitsKey) continue;
    const setting = byKey.get(key);
    if (!setting) {
      throw new ServerError(
        'SERVER_BAD_CONFIG',
        `${name} sets ${key}, which is not a setting. "moult serve --help" lists them.`,
      );
    }
    found[setting] = value;
  }
  return found;
}

/** The table of the file with limits that are not settings. Programs give them to `@moult/bounds`. */
const limitsKey = 'limits';

/**
 * The `[limits]` of a configuration file, by their names. Throws ServerError SERVER_BAD_CONFIG for anything but a
 * table.
 */
export function readFileLimits({ name, text }: { name: string; text: string }): Record<string, unknown> {
  const { [limitsKey]: limits = {} } = readToml(name, text);
  if (typeof limits === 'object' && limits !== null && !Array.isArray(limits)) return limits as Record<string, unknown>;
  throw new ServerError('SERVER_BAD_CONFIG', `${name} sets ${limitsKey}, which must be a table: [${limitsKey}].`);
}

function readToml(name: string, text: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ServerError('SERVER_BAD_CONFIG', `${name} is not valid TOML: ${error.message}`, { cause: error });
  }
}

/** The rules that one setting alone cannot know. */
function together(config: ServerConfig): ServerConfig {
  const { port, selfUpdatePort, tlsCert, tlsKey, tlsPfx, adminPort } = config;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new ServerError('SERVER_BAD_CONFIG', '--tls-cert and --tls-key go together: give both, or --tls-pfx.');
  if (tlsCert !== undefined && tlsPfx !== undefined)
    throw new ServerError('SERVER_BAD_CONFIG', 'Give --tls-pfx, or --tls-cert and --tls-key, not both.');
  requireAcme(config);
  const { port: tlsPort } = tlsPortOf(config);
  if (config.requireTls === 'on' && tlsPort === 'off')
    throw new ServerError('SERVER_BAD_CONFIG', '--require-tls needs a port for HTTPS: set --tls-port.');
  // The main site and the self-update site may share one: the main site serves the self-update tree too.
  if (tlsPort !== 'off' && tlsPort !== 0 && (tlsPort === port || tlsPort === selfUpdatePort)) {
    throw new ServerError(
      'SERVER_BAD_CONFIG',
      `--tls-port ${tlsPort} is the port of a site without TLS; give each a port of its own.`,
    );
  }
  if (adminPort !== 'off' && adminPort !== 0 && [port, selfUpdatePort, tlsPort].includes(adminPort))
    throw new ServerError(
      'SERVER_BAD_CONFIG',
      `--admin-port ${adminPort} is the port of another site. Give it its own.`,
    );
  return config;
}

function requireAcme(config: ServerConfig): void {
  const { acmeUrl, acmeAcceptTerms, acmeEabKid, acmeEabKeyFile, tlsCert, tlsPfx } = config;
  const refuse = (why: string) => {
    throw new ServerError('SERVER_BAD_CONFIG', why);
  };
  if ((acmeEabKid === undefined) !== (acmeEabKeyFile === undefined))
    refuse('--acme-eab-kid and --acme-eab-key-file go together: give both or none.');
  if (acmeUrl === undefined) return;
  if (tlsCert !== undefined || tlsPfx !== undefined)
    refuse('Give --acme-url, or a certificate with --tls-cert or --tls-pfx, not both.');
  if (tlsPortOf(config).port === 'off') refuse('--acme-url needs a port for HTTPS: set --tls-port.');
  if (acmeAcceptTerms !== 'on')
    refuse(`Read the terms of service of ${new URL(acmeUrl).host}, and accept them with --acme-accept-terms on.`);
  if (acmeNamesOf(config).length === 0)
    refuse('--acme-url needs a name for the certificate: give --public-url, --allowed-hosts or --acme-names.');
}
