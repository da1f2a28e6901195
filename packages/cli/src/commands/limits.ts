// moult limits: every limit of Moult, its value here, and where the value is from.

import { keyOf, loadConfig, type SettingName, settingNames, settings } from '@moult/administration/config';
import { type Bound, boundsOf, inWords } from '@moult/bounds';
import type { Command } from 'commander';
import { allBounds } from '../limits/all-bounds.ts';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { type AdministrationFlags, readConfigFile, withServerOptions } from '../server-options.ts';

export function register(program: Command): void {
  withList(withServerOptions(program.command('limits')), { limit: 1000, columns })
    .description('list all limits: value, default, and the origin of the value')
    .action(limits);
}

interface Line {
  name: string;
  value: string;
  default: string;
  /** The source of the value: flag, environment, file, machine or default. */
  origin: string;
  /** Undefined for settings, whose sentence says it. */
  range?: [least: string, most: string];
  what: string;
}

const columns: readonly Column<Line>[] = [
  { name: 'limit', cell: ({ name }) => name },
  { name: 'value', cell: ({ value }) => value },
  { name: 'from', cell: ({ origin }) => origin },
  { name: 'default', cell: (line) => line.default },
  { name: 'range', heading: 'MAY BE', cell: ({ range }) => range?.join(' to ') },
  { name: 'bounds', cell: ({ what }) => what },
];

function limits(flags: AdministrationFlags & ListFlags): void {
  const lines = [...settingLines(flags), ...boundsOf(allBounds).map(lineOf)];
  showList(
    pageOfAll('limits', lines, flags, ({ name }) => name),
    flags,
    columns,
    ['limit', 'limits'],
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

/** The limits that are settings of `moult serve`, as it has them on this machine. */
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
