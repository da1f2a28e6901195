// moult limits: every limit of Moult, its value here, and where the value is from.

import { type ListedLimit, listLimits, loadConfig } from '@moult/administration/config';
import type { Command } from 'commander';
import { allBounds } from '../limits/all-bounds.ts';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { readConfigFile } from '../server-options.ts';

export function register(program: Command): void {
  withList(withServerOptions(program.command('limits')), { limit: 1000, columns })
    .description('list all limits: value, default, and the origin of the value')
    .action(limits);
}

const columns: readonly Column<ListedLimit>[] = [
  { name: 'limit', cell: ({ name }) => name },
  { name: 'value', cell: ({ value }) => value },
  { name: 'from', cell: ({ origin }) => origin },
  { name: 'default', cell: (line) => line.default },
  { name: 'range', heading: 'MAY BE', cell: ({ range }) => range?.join(' to ') },
  { name: 'bounds', cell: ({ what }) => what },
];

/** Settings are those that `moult serve` has on this machine. */
function limits(flags: AdministrationFlags & ListFlags): void {
  const loaded = readConfigFile(flags.config, (file) => loadConfig({ flags: {}, environment: process.env, file }));
  showList(
    pageOfAll('limits', listLimits(loaded, allBounds), flags, ({ name }) => name),
    flags,
    columns,
    ['limit', 'limits'],
  );
}
