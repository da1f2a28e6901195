// moult networks: the closed networks that sent reports back.
import { listNetworks, type ReportedNetwork } from '@moult/administration/bundles';
import type { Command } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { type AdministrationFlags, withServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';

const columns: readonly Column<ReportedNetwork>[] = [
  { name: 'authority', cell: ({ authority }) => authority.slice(0, 16) },
  { name: 'reported', cell: ({ madeAt }) => new Date(madeAt) },
  { name: 'bundle-of', cell: ({ bundleMadeAt }) => bundleMadeAt && new Date(bundleMadeAt) },
  { name: 'files', cell: ({ files }) => files },
  { name: 'computers', cell: ({ computers }) => computers.total },
  { name: 'need-updates', cell: ({ computers }) => computers.needingUpdates },
  { name: 'with-errors', cell: ({ computers }) => computers.withErrors },
  { name: 'silent', cell: ({ computers }) => computers.silent },
];

export function register(program: Command): void {
  withList(withServerOptions(program.command('networks')), { limit: 0, columns })
    .description('list closed networks by their last reports: computers, errors, and the last bundle that they have')
    .action(list);
}

async function list(flags: AdministrationFlags & ListFlags): Promise<void> {
  showList(wholeList(await administer(flags, listNetworks)), flags, columns, ['network', 'networks']);
}
