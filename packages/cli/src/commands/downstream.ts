// moult downstream: the servers below this one, and the computers that they reported (roll-up).
import { listDownstreamComputers, listDownstreamServers, removeDownstreamServer } from '@moult/administration';
import type { DownstreamComputer, DownstreamServer, Page } from '@moult/store';
import type { Command } from 'commander';
import { type Column, type ListFlags, showList, wholeList, withList } from '../lists.ts';
import { present } from '../output.ts';
import { perform, type RemoteFlags, withRemoteOptions } from '../remote/perform.ts';

/** As the API tells it: times are text there. */
type Told<T> = {
  [K in keyof T]: T[K] extends Date ? Date | string : T[K] extends Date | undefined ? Date | string | undefined : T[K];
};

const moment = (at: Date | string | undefined) => (at === undefined ? undefined : new Date(at));

const serverColumns: readonly Column<Told<DownstreamServer>>[] = [
  { name: 'name', cell: ({ name }) => name },
  { name: 'role', cell: ({ isReplica }) => (isReplica ? 'replica' : 'autonomous') },
  { name: 'computers', cell: ({ computers }) => computers },
  { name: 'need-updates', cell: ({ needing }) => needing },
  { name: 'with-errors', cell: ({ failing }) => failing },
  { name: 'synchronised', cell: ({ lastSync }) => moment(lastSync) },
  { name: 'reported', cell: ({ receivedAt }) => moment(receivedAt) },
  { name: 'clock', cell: ({ clockAheadMs }) => clockText(clockAheadMs) },
  { name: 'id', cell: ({ serverId }) => serverId },
  { name: 'above', cell: ({ parentId }) => parentId, isExtra: true },
  { name: 'version', cell: ({ version }) => version, isExtra: true },
  { name: 'first-seen', cell: ({ firstSeen }) => moment(firstSeen), isExtra: true },
];

const computerColumns: readonly Column<Told<DownstreamComputer>>[] = [
  { name: 'name', cell: ({ dnsName }) => dnsName },
  { name: 'address', cell: ({ address }) => address },
  { name: 'needed', cell: ({ needed }) => needed },
  { name: 'failed', cell: ({ failed }) => failed },
  { name: 'last-sync', cell: ({ lastSync }) => moment(lastSync) },
  { name: 'last-report', cell: ({ lastStatus }) => moment(lastStatus) },
  { name: 'server', cell: ({ serverId }) => serverId },
  { name: 'id', cell: ({ computerId }) => computerId },
];

interface ComputerFlags extends RemoteFlags, ListFlags {
  of?: string;
  needing?: true;
  failing?: true;
}

export function register(program: Command): void {
  const downstream = program
    .command('downstream')
    .description('downstream servers: the servers below this one, and the computers that they reported');
  withList(withRemoteOptions(downstream.command('list', { isDefault: true })), { limit: 0, columns: serverColumns })
    .description('list downstream servers, each after the one above it')
    .action(listServers);
  withList(withRemoteOptions(downstream.command('computers')), { limit: 100, columns: computerColumns })
    .description('list computers of downstream servers. moult computers has those of this server')
    .option('--of <server>', 'only those of this downstream server: name or id')
    .option('--needing', 'only those that need updates')
    .option('--failing', 'only those where an update failed')
    .action(listComputers);
  withRemoteOptions(downstream.command('remove').argument('<server>', 'name or id'))
    .description('forget a downstream server, those below it and their computers, until they report again')
    .action(remove);
}

/** Beyond a minute its times are corrected. */
function clockText(aheadMs: number): string {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds <= 60) return 'right';
  return `${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}

async function listServers(flags: RemoteFlags & ListFlags): Promise<void> {
  const all = await perform<Told<DownstreamServer>[]>(
    flags,
    listDownstreamServers,
    async (api) => (await api.list<Told<DownstreamServer>>('/downstream/servers', { limit: 0 })).items,
  );
  showList(wholeList(all), flags, serverColumns, ['downstream server', 'downstream servers']);
}

async function listComputers({ of, needing, failing, ...flags }: ComputerFlags): Promise<void> {
  const { limit, cursor } = flags;
  const query = { server: of, isNeeding: needing, isFailing: failing, limit, cursor };
  const page = await perform<Page<Told<DownstreamComputer>>>(
    flags,
    (administration) => listDownstreamComputers(administration, query),
    (api) => api.list<Told<DownstreamComputer>>('/downstream/computers', query),
  );
  showList(page, flags, computerColumns, ['computer', 'computers']);
}

async function remove(named: string, flags: RemoteFlags): Promise<void> {
  const removed = await perform(
    flags,
    (administration) => removeDownstreamServer(administration, named),
    async (api) =>
      (await api.send('DELETE', `/downstream/servers/${encodeURIComponent(named)}`)) as Awaited<
        ReturnType<typeof removeDownstreamServer>
      >,
  );
  present(removed, flags, ({ name, removed: { servers, computers } }) => [
    `${name} is forgotten: ${servers} ${servers === 1 ? 'server' : 'servers'}, ${computers} computers.`,
  ]);
}
