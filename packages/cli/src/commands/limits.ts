// moult limits: every limit of Moult, its value here, and where the value is from.

import { keyOf, loadConfig, type SettingName, settingNames, settings } from '@moult/administration/config';
import { type Bound, boundsOf, inWords } from '@moult/bounds';
import type { Command } from 'commander';
import { allBounds } from '../limits/all-bounds.ts';
import { listDocument, wholeList } from '../lists.ts';
import { present, table } from '../output.ts';
import { type AdministrationFlags, readConfigFile, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  withServerOptions(program.command('limits'))
    .description('list all limits: value, default, and the origin of the value')
    .action(limits);
}

interface Line {
  name: string;
  value: string;
  default: string;
  /** Where the value is from: flag, environment, file, machine or default. */
  origin: string;
  /** Undefined for settings, whose sentence says it. */
  range?: [least: string, most: string];
  what: string;
}

function limits(flags: AdministrationFlags): void {
  const lines = [...settingLines(flags), ...boundsOf(allBounds).map(lineOf)];
  present(listDocument(wholeList(lines)), flags, ({ items }) =>
    table(
      ['limit', 'value', 'from', 'default', 'may be', 'bounds'],
      items.map(({ name, value, origin, default: fallback, range, what }) => {
        return [name, value, origin, fallback, range?.join(' to '), what];
      }),
    ),
  );
}

function lineOf({ name, value, unit, origin, fallback, range: [least, most], what }: Bound): Line {
  return {
    name,
    value: inWords(value, unit),
    default: inWords(fallback, unit),
    origin,
    range: [inWords(least, unit), inWords(most, unit)],
    what,
  };
}

/** The limits that are settings of `moult serve`, as it would have them on this machine. */
function settingLines({ config }: AdministrationFlags): Line[] {
  const loaded = readConfigFile(config, (file) => loadConfig({ flags: {}, environment: process.env, file }));
  return settingNames.filter(isLimit).map((name) => {
    const { fallback, description } = settings[name];
    return {
      name: `--${keyOf(name)}`,
      value: shown(loaded.config[name]),
      default: shown(fallback),
      origin: loaded.origins[name],
      what: description,
    };
  });
}

function isLimit(name: SettingName): boolean {
  return settings[name].group === 'limits' || /^database[A-Z]/.test(name);
}

function shown(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}
