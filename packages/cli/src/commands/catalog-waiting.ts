// moult catalog waiting: updates that are in the catalog and not offered, and the reason for each of them.
import { listWaiting } from '@moult/administration/imports';
import type { Command } from 'commander';
import { type Column, type ListFlags, pageOfAll, showList, withList } from '../lists.ts';
import { type ServerOptions, withServer } from '../server-flags.ts';
import { administer } from '../server-options.ts';

type Waiting = Awaited<ReturnType<typeof listWaiting>>[number];

const columns: readonly Column<Waiting>[] = [
  { name: 'update', cell: ({ update }) => update },
  { name: 'code', cell: ({ code }) => code },
  { name: 'reason', cell: ({ message }) => message },
];

/** Adds the command to `moult catalog`. */
export function registerWaiting(catalog: Command): void {
  withList(withServer(catalog.command('waiting')), { limit: 1000, columns })
    .description('list updates that wait for others: half bundles, and prerequisites that cannot be satisfied')
    .option('--json', 'print one JSON document')
    .action(waiting);
}

async function waiting(flags: ServerOptions & ListFlags): Promise<void> {
  const all = await administer(flags, ({ store }) => listWaiting(store));
  const page = pageOfAll('waiting', all, flags, ({ update }) => update);
  showList(page, flags, columns, ['update', 'updates']);
}
