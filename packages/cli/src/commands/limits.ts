// moult limits: every limit of Moult, its value here, and where the value is from.

import { type ListedLimit, listLimits } from '@moult/administration/config';
import type { Command } from 'commander';
import { allBounds } from '../limits/all-bounds.ts';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { type FoundServer, findServer, requireDatabase, requireServer, serverFlags } from '../server-options.ts';

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

/** Settings are those that `moult serve` has on this machine. A server that is typed must be there. */
function limits(flags: AdministrationFlags & ListFlags): void {
  const server = findServer(serverFlags(flags), { databaseOnly: true });
  if (isTyped(server.origins.dataDir)) requireServer(flags);
  else if (isTyped(server.origins.database)) requireDatabase(server);
  showList(
    pageOfAll('limits', listLimits(server, allBounds), flags, ({ name }) => name),
    flags,
    columns,
    ['limit', 'limits'],
  );
}

/** A configuration file may be of a server that has not started yet. */
function isTyped(origin: FoundServer['origins']['dataDir']): boolean {
  return origin === 'flag' || origin === 'environment';
}
