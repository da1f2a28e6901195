// Settings and limits as lists: their values, their defaults, and where the values are from.
import { type Bound, type BoundTable, boundsOf, inWords } from '@moult/bounds';
import { isPostgres, withoutPassword } from '@moult/store';
import type { LoadedConfig } from './load.ts';
import { keyOf, type SettingName, settingNames, settings, variableOf } from './settings.ts';

interface ListedSetting {
  /** The key of the configuration file, and the flag without its dashes. */
  name: string;
  /** Undefined when it is not set. Passwords are blotted out. */
  value: unknown;
  default: unknown;
  /** Undefined when the program that started the server did not say. */
  origin: LoadedConfig['origins'][SettingName] | undefined;
  variable: string;
  group: string;
  description: string;
}

export interface ListedLimit {
  name: string;
  value: string;
  default: string;
  /** The source of the value: flag, environment, file, machine or default. */
  origin: string;
  /** Undefined for settings, whose sentence says it. */
  range?: [least: string, most: string];
  what: string;
}

/** Every setting of `moult serve`, in the order of its help. */
export function listSettings({
  config,
  origins,
}: Pick<LoadedConfig, 'config'> & Partial<LoadedConfig>): ListedSetting[] {
  return settingNames.map((name) => {
    const { fallback, group, description } = settings[name];
    return {
      ...{ name: keyOf(name), value: withoutSecrets(config[name]), default: fallback, origin: origins?.[name] },
      ...{ variable: variableOf(name), group, description },
    };
  });
}

/** The limits that are settings, and those of `tables`. */
export function listLimits(
  loaded: Pick<LoadedConfig, 'config'> & Partial<LoadedConfig>,
  tables: readonly BoundTable[],
): ListedLimit[] {
  return [...settingNames.filter(isLimit).map((name) => limitOf(name, loaded)), ...boundsOf(tables).map(lineOf)];
}

function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (isPostgres(value)) return withoutPassword(value);
  return value.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/?#\s]*@/i, '$1…@');
}

function lineOf({ name, value, unit, origin, fallback, range: [least, most], what }: Bound): ListedLimit {
  return {
    name,
    value: inWords(value, unit),
    default: inWords(fallback, unit),
    origin,
    range: [inWords(least, unit), inWords(most, unit)],
    what,
  };
}

function limitOf(
  name: SettingName,
  { config, origins }: Pick<LoadedConfig, 'config'> & Partial<LoadedConfig>,
): ListedLimit {
  const { fallback, description } = settings[name];
  return {
    name: `--${keyOf(name)}`,
    value: shown(config[name]),
    default: shown(fallback),
    origin: origins?.[name] ?? 'unknown',
    what: description,
  };
}

function isLimit(name: SettingName): boolean {
  return settings[name].group === 'limits' || /^database[A-Z]/.test(name);
}

function shown(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}
