// Servers below this one, and the computers that they reported.
import type { ReactNode } from 'react';
import { call } from '../api/call.ts';
import { noteChange } from '../api/changes.ts';
import { goWith, hrefOf } from '../kit/address.ts';
import { Link } from '../kit/link.tsx';
import { useMay } from '../kit/session.tsx';
import { SureButton } from '../kit/sure-button.tsx';
import { Tabs } from '../kit/tabs.tsx';
import { Age } from '../kit/time.tsx';
import { useWords } from '../kit/words.tsx';
import type { ListDefinition } from '../list/definition.ts';
import { ListView } from '../list/list-view.tsx';

interface DownstreamServer {
  serverId: string;
  /** None: this server is above it. */
  parentId?: string;
  name: string;
  version: string;
  isReplica: boolean;
  rolledUpAt: string;
  lastSync?: string;
  computers: number;
  needing: number;
  failing: number;
}

interface DownstreamComputer {
  computerId: string;
  serverId: string;
  dnsName: string;
  address: string;
  needed: number;
  failed: number;
  lastSync?: string;
  lastStatus?: string;
}

const computersOf = (serverId: string, more: Readonly<Record<string, string>> = {}) =>
  hrefOf('downstream/computers', { server: serverId, ...more });

const servers: ListDefinition<DownstreamServer> = {
  operation: 'listDownstreamServers',
  title: (words) => words.nav.downstream,
  empty: (words) => words.downstream.empty,
  idOf: ({ serverId }) => serverId,
  hrefOf: ({ serverId }) => computersOf(serverId),
  columns: [
    {
      ...{ name: 'name', label: (words) => words.computers.name, width: 'minmax(12rem, 3fr)' },
      cell: (server) => <Name server={server} />,
    },
    {
      ...{ name: 'rolled-up', label: (words) => words.downstream.rolledUp, width: 'minmax(8rem, 1fr)' },
      cell: ({ rolledUpAt }) => <Age at={rolledUpAt} />,
    },
    {
      ...{ name: 'sync', label: (words) => words.computers.lastSync, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastSync }) => <Age at={lastSync} />,
    },
    {
      ...{ name: 'version', label: (words) => words.downstream.version, width: 'minmax(8rem, 1fr)' },
      cell: ({ version }) => <bdi>{version}</bdi>,
    },
    {
      ...{ name: 'computers', label: (words) => words.nav.computers, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ computers }) => computers,
    },
    {
      ...{ name: 'needing', label: (words) => words.computers.needed, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ needing }) => needing,
    },
    {
      ...{ name: 'failing', label: (words) => words.computers.failed, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ failing }) => failing,
    },
    {
      ...{ name: 'id', label: (words) => words.downstream.id, width: 'minmax(20rem, 2fr)', isExtra: true },
      cell: ({ serverId }) => <code>{serverId}</code>,
    },
  ],
  filters: [],
};

function Name({ server: { serverId, parentId, name, isReplica } }: { server: DownstreamServer }): ReactNode {
  const words = useWords();
  return (
    <>
      {parentId !== undefined && <span className="dim">{words.downstream.below} </span>}
      <Link href={computersOf(serverId)} tabIndex={-1}>
        <bdi>{name || serverId}</bdi>
      </Link>
      {isReplica && <span className="dim"> {words.downstream.replica}</span>}
    </>
  );
}

const computers: ListDefinition<DownstreamComputer> = {
  operation: 'listDownstreamComputers',
  title: (words) => words.downstream.computers,
  empty: (words) => words.downstream.noComputers,
  idOf: ({ computerId, serverId }) => `${serverId} ${computerId}`,
  columns: [
    {
      ...{ name: 'name', label: (words) => words.computers.name, width: 'minmax(14rem, 3fr)' },
      cell: ({ dnsName, computerId }) => <bdi>{dnsName || computerId}</bdi>,
    },
    {
      ...{ name: 'failed', label: (words) => words.computers.failed, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ failed }) => failed,
    },
    {
      ...{ name: 'needed', label: (words) => words.computers.needed, width: 'minmax(6rem, 1fr)', isNumber: true },
      cell: ({ needed }) => needed,
    },
    {
      ...{ name: 'status', label: (words) => words.computers.lastReport, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastStatus }) => <Age at={lastStatus} />,
    },
    {
      ...{ name: 'sync', label: (words) => words.computers.lastSync, width: 'minmax(8rem, 1fr)' },
      cell: ({ lastSync }) => <Age at={lastSync} />,
    },
    {
      ...{ name: 'address', label: (words) => words.computers.address, width: 'minmax(8rem, 1fr)' },
      cell: ({ address }) => <bdi>{address}</bdi>,
    },
    {
      ...{ name: 'id', label: (words) => words.computers.id, width: 'minmax(20rem, 2fr)', isExtra: true },
      cell: ({ computerId }) => <code>{computerId}</code>,
    },
  ],
  filters: [
    { name: 'server', kind: 'text', label: (words) => words.downstream.server, isWide: true },
    { name: 'isFailing', kind: 'flag', label: (words) => words.computers.withFailed },
    { name: 'isNeeding', kind: 'flag', label: (words) => words.computers.withNeeded },
  ],
};

export default function Downstream({ id = '' }: { id: string | undefined }): ReactNode {
  const words = useWords();
  const mayAdminister = useMay('administer');
  const { tabs } = words.downstream;
  const all = [
    ['', tabs.servers],
    ['computers', tabs.computers],
  ] as const;
  const shown = <Tabs label={words.nav.downstream} view="downstream" tabs={all} chosen={id} />;
  if (id === 'computers') return <ListView list={computers}>{shown}</ListView>;
  return (
    <ListView list={servers} withSelected={mayAdminister ? (ids) => <Chosen ids={ids} /> : undefined}>
      {shown}
    </ListView>
  );
}

function Chosen({ ids }: { ids: readonly string[] }): ReactNode {
  const words = useWords();
  const forget = async () => {
    try {
      for (const server of ids) await call('removeDownstreamServer', { path: { server } });
      goWith({ selected: undefined });
    } finally {
      noteChange();
    }
  };
  return (
    <SureButton
      label={words.downstream.forget}
      title={words.downstream.forgetTitle(ids.length)}
      text={words.downstream.forgetText}
      isDisabled={ids.length === 0}
      onSure={forget}
    />
  );
}
